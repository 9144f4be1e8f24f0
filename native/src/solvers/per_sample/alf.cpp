// Source of the formulas: solvers/alf.h.
#include "kernels/cpu/alf.h"

#include <algorithm>

#include "solvers/per_sample/method.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

using ranges::data;

class SampleAlf final : public SampleMethod {
 public:
  explicit SampleAlf(double eta) : eta_(eta) {}

  void attempt(const SampleRound& round, const SolverState& state, bool, const Evaluate& evaluate) override {
    for (auto* room : {&k_, &z_next_, &v_next_})
      if (room->empty()) *room = empty_like(state.z);
    take_back(k_);
    rows::for_each(k_, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
      kernels::alf_head(data(state.z, i, offset, s), data(state.v, i, offset, s), data(k_, i, offset, s), round.trials[row].h, count);
    });
    u_ = owned(evaluate(0, round.times(0.5), k_), state.z);
    finite_.assign(round.trials.size(), 1);
    rows::for_each(k_, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
      if (!kernels::alf_tail(data(k_, i, offset, s), data(state.v, i, offset, s), data(u_, i, offset, s), data(z_next_, i, offset, s),
                             data(v_next_, i, offset, s), round.trials[row].h, eta_, count))
        finite_[row] = 0;
    });
  }

  std::vector<double> error_norms(const SampleRound& round, const SolverState& state, double rtol, double atol) override {
    return rows::alf_error_norms(state.z, z_next_, u_, state.v, round, rtol, atol, finite_);
  }

  void accept(const SampleRound& round, SolverState& state, const Evaluate&) override {
    make_own(state.z);
    make_own(state.v);
    rows::copy(z_next_, round, /*accepted=*/true, state.z);
    rows::copy(v_next_, round, /*accepted=*/true, state.v);
  }

  std::vector<TensorList> stages() const override { return {u_}; }

 private:
  const double eta_;
  TensorList k_, u_, z_next_, v_next_;
  rows::Flags finite_;
};

}  // namespace

std::unique_ptr<SampleMethod> make_sample_alf(double eta) { return std::make_unique<SampleAlf>(eta); }

}  // namespace neuralode
