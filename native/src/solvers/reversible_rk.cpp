#include "solvers/reversible_rk.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "solvers/alf_kernels.h"
#include "solvers/rk_kernels.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// out = base + mix (from - to) + scale * sum of b_j k_j. base stands alone, and the weights of `from` and `to` cancel to the bit: where
/// the two are equal, c, whose rounding is the same in every step, has no say.
bool mixed(const TensorList& base, double mix, const TensorList& from, const TensorList& to, const std::vector<double>& b,
           const std::vector<TensorList>& k, double scale, const TensorList& out, DeviceNotes* notes = nullptr) {
  std::vector<TensorList> terms{from, to};
  std::vector<double> weights{mix, -mix};
  for (std::size_t j = 0; j < b.size(); ++j) {
    if (b[j] == 0) continue;
    terms.push_back(k[j]);
    weights.push_back(scale * b[j]);
  }
  return combine(base, terms, weights, 1, out, notes);
}

}  // namespace

bool CoupledRk::next_y(const TensorList& y, const TensorList& z, const std::vector<TensorList>& k, double h,
                       const TensorList& y_next, DeviceNotes* notes) const {
  return mixed(y, 1 - c, z, y, tableau.b, k, h, y_next, notes);
}

bool CoupledRk::next_z(const TensorList& z, const std::vector<TensorList>& k, double h, const TensorList& z_next,
                       DeviceNotes* notes) const {
  return combine(z, k, tableau.b, h, z_next, notes);  // Psi_-h = -h sum
}

void CoupledRk::previous_z(const TensorList& z_next, const std::vector<TensorList>& k, double h, const TensorList& z) const {
  combine(z_next, k, tableau.b, -h, z);
}

void CoupledRk::previous_y(const TensorList& y_next, const TensorList& z, const std::vector<TensorList>& k, double h,
                           const TensorList& y) const {
  mixed(y_next, (1 - c) / c, y_next, z, tableau.b, k, -h / c, y);
}

CoupledRkStepper::CoupledRkStepper(Dynamics& dynamics, RandomReplay& random, const CoupledRk& method, double t0, double t1,
                                   const TensorList& z0, const SweepNeeds& needs, SweepObserver observer)
    : RkStepper(dynamics, random, method.tableau, t0, t1, z0, needs, std::move(observer)), method_(method) {
  for (const auto& z : state_.z) state_.v.push_back(dense_copy(z));
  next_ = {empty_like(state_.z), empty_like(state_.z)};
}

std::int64_t CoupledRkStepper::attempt(double t, double h, std::int64_t) {
  tell(h);
  t_ = t;
  h_ = h;
  if (!k_first_.empty()) stages_.k()[0] = std::exchange(k_first_, {});
  evaluate_start(t, state_.v);
  const auto first = evaluations_;
  stages_.make(t, h, state_.v, evaluation());
  take_back(next_.z);
  finite_ = method_.next_y(state_.z, state_.v, stages_.k(), h, next_.z, notes());
  if (method_.closes()) stages_.close(t, h, state_.v, evaluation());
  if (!method_.adaptive && finite_) second_half();
  return first;
}

void CoupledRkStepper::second_half() {
  k_first_ = std::move(stages_.k()[0]);
  stages_.set(0, evaluate(t_ + h_, next_.z), next_.z);
  stages_.make(t_ + h_, -h_, next_.z, evaluation());
  take_back(next_.v);
  finite_ = method_.next_z(state_.v, stages_.k(), h_, next_.v, notes());
}

double CoupledRkStepper::error(double rtol, double atol) {
  if (!finite_) return INFINITY;
  const double estimate = embedded_error(next_.z, rtol, atol);
  if (notes_.on_gpu() && std::isnan(estimate)) finite_ = false;
  if (estimate <= 1) second_half();
  if (notes_.on_gpu() && estimate <= 1) finite_ = all_finite(next_.v);
  return finite_ ? estimate : INFINITY;
}

void CoupledRkStepper::accept() {
  std::swap(state_, next_);
  k_first_.clear();
  has_start_ = false;
  step_accepted();
}

CoupledRkReplay::CoupledRkReplay(Dynamics& dynamics, RandomReplay& random, const CoupledRk& method, const SolverState& start)
    : dynamics_(dynamics),
      random_(random),
      method_(method),
      stages_(method.tableau),
      state_(copy_of(start)),
      spare_(empty_like(state_.z)) {}

void CoupledRkReplay::stages(double t, double h, const TensorList& z, std::int64_t first, std::int64_t rest) {
  const auto evaluate = [&](std::size_t stage, double time, const TensorList& z_stage) {
    random_.replay(stage == 0 ? first : rest + static_cast<std::int64_t>(stage) - 1);
    auto u = dynamics_.eval(time_tensor(time, z_stage), z_stage);
    drop_kept_casts(z_stage[0].device().type());  // made without a graph, they must not serve a linearised evaluation
    return u;
  };
  stages_.set(0, evaluate(0, t, z), z);
  stages_.make(t, h, z, evaluate);
}

void CoupledRkReplay::step(const Grid::Step& step) {
  stages(step.t, step.h, state_.v, step.start, step.evaluation);
  take_back(spare_);
  method_.next_y(state_.z, state_.v, stages_.k(), step.h, spare_);
  std::swap(state_.z, spare_);
  const auto second = method_.second_half(step);
  stages(step.t + step.h, -step.h, state_.z, second, second + 1);
  take_back(spare_);
  method_.next_z(state_.v, stages_.k(), step.h, spare_);
  std::swap(state_.v, spare_);
}

namespace {

class CoupledRkSolver final : public Solver {
 public:
  CoupledRkSolver(const CoupledRk& method, double span) : method_(method), span_(span) {}

  std::unique_ptr<ForwardStepper> stepper(Dynamics& dynamics, RandomReplay& random, double t0, double t1, const TensorList& z0,
                                          const SweepNeeds& needs, SweepObserver observer) override {
    return std::make_unique<CoupledRkStepper>(dynamics, random, method_, t0, t1, z0, needs, std::move(observer));
  }
  std::unique_ptr<Replay> replay(Dynamics& dynamics, RandomReplay& random, const SolverState& start) override {
    return std::make_unique<CoupledRkReplay>(dynamics, random, method_, start);
  }
  std::unique_ptr<StepAdjoint> adjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters,
                                       bool wants_times) override {
    return std::make_unique<CoupledRkAdjoint>(dynamics, random, method_, z, std::move(parameters), wants_times);
  }
  std::unique_ptr<StepInverse> inverse(Dynamics& dynamics, RandomReplay& random, const SolverState& end, TensorList parameters,
                                       bool wants_times) override {
    return std::make_unique<CoupledRkInverse>(dynamics, random, method_, span_, end, std::move(parameters), wants_times);
  }

  SolverState start(Dynamics&, RandomReplay&, double, TensorList z0) override {
    SolverState state{std::move(z0), {}};
    for (const auto& z : state.z) state.v.push_back(dense_copy(z));
    return state;
  }
  double log_amplification() const override { return -std::log(method_.c); }

 private:
  CoupledRk method_;
  double span_;
};

}  // namespace

std::unique_ptr<Solver> make_coupled_rk_solver(const CoupledRk& method, double span) {
  return std::make_unique<CoupledRkSolver>(method, span);
}

}  // namespace neuralode
