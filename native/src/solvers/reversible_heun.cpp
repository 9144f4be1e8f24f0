#include "solvers/reversible_heun.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"
#include "solvers/reversible_heun_parts.h"
#include "solvers/rk_kernels.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// yhat' of the step, into next.
bool head(const SolverState& state, double h, SolverState& next, DeviceNotes* notes = nullptr) {
  take_back(next.v);
  return combine({}, {state.z, hats_of(state.v), slopes_of(state.v)}, {2, -1, h}, 1, hats_of(next.v), notes);
}

/// f' and y', u as f gave it for yhat'.
bool tail(const SolverState& state, TensorList u, double h, SolverState& next, DeviceNotes* notes = nullptr) {
  take_back(next.z);
  u = taken_over(std::move(u), state.z);
  const bool finite = combine(state.z, {slopes_of(state.v), u}, {h / 2, h / 2}, 1, next.z, notes);
  std::move(u.begin(), u.end(), next.v.begin() + static_cast<std::ptrdiff_t>(u.size()));
  return finite;
}

SolverState room_for(const SolverState& state) { return {empty_like(state.z), empty_like(state.v)}; }

}  // namespace

SolverState heun_start(TensorList z0, const TensorList& f0) {
  SolverState state{std::move(z0), {}};
  for (const auto& z : state.z) state.v.push_back(dense_copy(z));
  for (std::size_t i = 0; i < f0.size(); ++i) state.v.push_back(dense_copy(with_layout_of(f0[i], state.z[i])));
  return state;
}

HeunStepper::HeunStepper(Dynamics& dynamics, RandomReplay& random, double t0, const TensorList& z0, const SweepNeeds& needs, SweepObserver observer)
    : ForwardStepper(dynamics, random, z0, needs, std::move(observer)), start_time_(t0) {
  auto z = checked_start(z0, t0);
  const auto f0 = evaluate(t0, z);
  state_ = heun_start(std::move(z), f0);
  require_finite_start({state_.v.begin() + static_cast<std::ptrdiff_t>(f0.size()), state_.v.end()}, t0);
  next_ = room_for(state_);
}

double HeunStepper::initial_step_size(double rtol, double atol, double span) {
  return first_step_size(measured(state_.z), measured(slopes_of(state_.v)), rtol, atol, span);
}

std::int64_t HeunStepper::attempt(double t, double h, std::int64_t) {
  tell(h);
  t_ = t;
  h_ = h;
  finite_ = head(state_, h, next_, notes());
  finite_ = tail(state_, evaluate(t + h, hats_of(next_.v)), h, next_, notes()) && finite_;
  return evaluations_ - 1;
}

double HeunStepper::error(double rtol, double atol) {
  if (!finite_) return INFINITY;
  if (error_.empty()) error_ = empty_like(state_.z);
  if (!combine({}, {slopes_of(next_.v), slopes_of(state_.v)}, {1, -1}, h_ / 2, error_)) return INFINITY;
  const double estimate = scaled_error_norm(measured(error_), measured(state_.z), measured(next_.z), rtol, atol);
  if (notes_.on_gpu() && std::isnan(estimate)) finite_ = false;
  return finite_ ? estimate : INFINITY;
}

void HeunStepper::require_acceptable() const {
  require_unnoted(t_ + h_);
  if (!finite_) fail_non_finite({slopes_of(next_.v)}, accepted_ + 1, t_ + h_);
}

void HeunStepper::accept() {
  std::swap(state_, next_);
  start_evaluation_ = evaluations_ - 1;
  start_time_ = t_ + h_;
  step_accepted();
}

HeunReplay::HeunReplay(Dynamics& dynamics, RandomReplay& random, const SolverState& start)
    : dynamics_(dynamics), random_(random), state_(copy_of(start)), next_(room_for(state_)) {}

void HeunReplay::step(const Grid::Step& step) {
  head(state_, step.h, next_);
  random_.replay(step.evaluation);
  auto u = dynamics_.eval(time_tensor(step.t + step.h, state_.z), hats_of(next_.v));
  drop_kept_casts(state_.z[0].device().type());  // made without a graph, they must not serve a linearised evaluation
  tail(state_, std::move(u), step.h, next_);
  std::swap(state_, next_);
}

namespace {

class HeunSolver final : public Solver {
 public:
  explicit HeunSolver(double span) : span_(span) {}

  std::unique_ptr<ForwardStepper> stepper(Dynamics& dynamics, RandomReplay& random, double t0, double, const TensorList& z0,
                                          const SweepNeeds& needs, SweepObserver observer) override {
    return std::make_unique<HeunStepper>(dynamics, random, t0, z0, needs, std::move(observer));
  }
  std::unique_ptr<Replay> replay(Dynamics& dynamics, RandomReplay& random, const SolverState& start) override {
    return std::make_unique<HeunReplay>(dynamics, random, start);
  }
  std::unique_ptr<StepAdjoint> adjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters,
                                       bool wants_times) override {
    return std::make_unique<HeunAdjoint>(dynamics, random, z, std::move(parameters), wants_times);
  }
  std::unique_ptr<StepInverse> inverse(Dynamics& dynamics, RandomReplay& random, const SolverState& end, TensorList parameters,
                                       bool wants_times) override {
    return std::make_unique<HeunInverse>(dynamics, random, span_, end, std::move(parameters), wants_times);
  }

  SolverState start(Dynamics& dynamics, RandomReplay& random, double t0, TensorList z0) override {
    random.replay(0);
    const auto f0 = dynamics.eval(time_tensor(t0, z0), z0);
    drop_kept_casts(z0[0].device().type());
    return heun_start(std::move(z0), f0);
  }

 private:
  double span_;
};

}  // namespace

std::unique_ptr<Solver> make_reversible_heun_solver(double span) { return std::make_unique<HeunSolver>(span); }

}  // namespace neuralode
