// Source of the formulas: solvers/runge_kutta.h.
#include <utility>

#include "solvers/per_sample/method.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

class SampleRk final : public SampleMethod {
 public:
  explicit SampleRk(const Tableau& tableau) : tableau_(closed(tableau)), closes_for_error_(tableau.fsal) {}

  void attempt(const SampleRound& round, const SolverState& state, bool estimates, const Evaluate& evaluate) override {
    const auto last = tableau_.stages() - 1;
    k_.resize(last + 1);
    k_[0] = state.v;
    finite_.assign(round.trials.size(), 1);
    for (std::size_t i = 1; i < last; ++i) {
      prepare(z_stage_, state.z);
      rows::combine(state.z, k_, tableau_.a[i], round, z_stage_);
      k_[i] = owned(evaluate(index_of(i), round.times(tableau_.c[i]), z_stage_), state.z);
    }
    prepare(z_next_, state.z);
    rows::combine(state.z, k_, tableau_.a[last], round, z_next_, &finite_);
    closed_ = false;
    if (closes_for_error_ && estimates) close(round, evaluate);
  }

  std::vector<double> error_norms(const SampleRound& round, const SolverState& state, double rtol, double atol) override {
    prepare(error_, state.z);
    rows::combine({}, k_, tableau_.error, round, error_, &finite_);
    return rows::error_norms(error_, state.z, z_next_, rtol, atol, finite_);
  }

  void accept(const SampleRound& round, SolverState& state, const Evaluate& evaluate) override {
    if (round.closing && !closed_) close(round, evaluate);
    k_[0].clear();  // state.v
    make_own(state.z);
    make_own(state.v);
    rows::copy(z_next_, round, /*accepted=*/true, state.z);
    if (closed_) rows::copy(k_.back(), round, /*accepted=*/true, state.v);
  }

  std::vector<TensorList> stages() const override { return k_; }

 private:
  static std::int64_t index_of(std::size_t stage) { return static_cast<std::int64_t>(stage) - 1; }
  static void prepare(TensorList& room, const TensorList& like) {
    if (room.empty()) room = empty_like(like);
    take_back(room);
  }
  void close(const SampleRound& round, const Evaluate& evaluate) {
    const auto last = tableau_.stages() - 1;
    k_[last] = owned(evaluate(index_of(last), round.times(1), z_next_), z_next_);
    closed_ = true;
  }

  const Tableau tableau_;
  const bool closes_for_error_;  ///< f(t + h, z') is in the error estimate
  std::vector<TensorList> k_;
  TensorList z_stage_, z_next_, error_;
  rows::Flags finite_;
  bool closed_ = false;
};

}  // namespace

Tableau closed(const Tableau& tableau) {
  Tableau result = tableau;
  if (tableau.fsal) return result;
  result.fsal = true;
  result.c.push_back(1);
  result.a.push_back(tableau.b);
  result.b.push_back(0);
  if (!result.error.empty()) result.error.push_back(0);
  return result;
}

std::unique_ptr<SampleMethod> make_sample_rk(const Tableau& tableau) { return std::make_unique<SampleRk>(tableau); }

}  // namespace neuralode
