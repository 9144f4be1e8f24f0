#include "solvers/runge_kutta.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"
#include "solvers/rk_kernels.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

void RkStages::set(std::size_t stage, TensorList u, const TensorList& z) {
  k_.resize(tableau_.stages());
  k_[stage] = taken_over(std::move(u), z);
}

bool RkStages::run(double t, double h, const TensorList& z, const Evaluate& evaluate, bool closing, TensorList& z_next,
                   DeviceNotes* notes) {
  make(t, h, z, evaluate);
  if (z_next.empty()) z_next = empty_like(z);
  take_back(z_next);
  const bool finite = combine(z, k_, tableau_.b, h, z_next, notes);
  const auto last = tableau_.stages() - 1;
  if (tableau_.fsal && closing) set(last, evaluate(last, t + h, z_next), z_next);
  return finite;
}

void RkStages::make(double t, double h, const TensorList& z, const Evaluate& evaluate) {
  for (std::size_t i = 1; i < tableau_.used_stages(); ++i) set(i, evaluate(i, t + tableau_.c[i] * h, z_stage(z, tableau_.a[i], h)), z);
}

void RkStages::close(double t, double h, const TensorList& z, const Evaluate& evaluate) {
  const auto last = tableau_.stages() - 1;
  set(last, evaluate(last, t + h, z_stage(z, tableau_.b, h)), z);
}

const TensorList& RkStages::z_stage(const TensorList& z, const std::vector<double>& weights, double h) {
  if (z_stage_.empty()) z_stage_ = empty_like(z);
  take_back(z_stage_);
  combine(z, k_, weights, h, z_stage_);
  return z_stage_;
}

RkStepper::RkStepper(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, double t0, double t1, const TensorList& z0,
                     const SweepNeeds& needs, SweepObserver observer)
    : ForwardStepper(dynamics, random, z0, needs, std::move(observer)), tableau_(tableau), stages_(tableau), t_(t0), direction_(t1 < t0 ? -1 : 1) {
  state_.z = checked_start(z0, t0);
}

void RkStepper::evaluate_start(double t, const TensorList& z) {
  if (std::exchange(has_start_, true)) return;
  start_evaluation_ = evaluations_;
  start_time_ = t;
  stages_.set(0, evaluate(t, z), z);
}

double RkStepper::initial_step_size(double rtol, double atol, double span) {
  evaluate_start(t_, state_.z);
  require_finite_start(stages_.k()[0], t_);
  const auto z = measured(state_.z), f0 = measured(stages_.k()[0]);
  const double guess = first_step_size(z, f0, rtol, atol, span);
  auto z1 = empty_like(state_.z);
  combine(state_.z, {stages_.k()[0]}, {1}, direction_ * guess, z1);
  auto change = laid_out_as(evaluate(t_ + direction_ * guess, z1), z1);
  for (std::size_t i = 0; i < change.size(); ++i) change[i] = change[i].detach().sub(stages_.k()[0][i]);
  return second_step_guess(guess, scaled_norm(f0, z, rtol, atol), scaled_norm(measured(change), z, rtol, atol) / guess,
                           tableau_.error_order, span);
}

std::int64_t RkStepper::attempt(double t, double h, std::int64_t) {
  tell(h);
  t_ = t;
  h_ = h;
  evaluate_start(t, state_.z);
  const auto first = evaluations_;
  finite_ = stages_.run(t, h, state_.z, evaluation(), !closes_late(tableau_), z_next_, notes());
  return first;
}

double RkStepper::error(double rtol, double atol) {
  const double estimate = finite_ ? embedded_error(z_next_, rtol, atol) : INFINITY;
  if (notes_.on_gpu() && std::isnan(estimate)) finite_ = false;
  return finite_ ? estimate : INFINITY;
}

double RkStepper::embedded_error(const TensorList& z_next, double rtol, double atol) {
  if (error_.empty()) error_ = empty_like(state_.z);
  if (!combine({}, stages_.k(), tableau_.error, h_, error_)) return INFINITY;
  return scaled_error_norm(measured(error_), measured(state_.z), measured(z_next), rtol, atol);
}

void RkStepper::require_acceptable() const {
  require_unnoted(t_ + h_ / 2);
  if (!finite_) fail_non_finite(stages_.k(), accepted_ + 1, t_ + h_ / 2);
}

void RkStepper::accept() {
  if (closes_late(tableau_)) stages_.set(tableau_.stages() - 1, evaluate(t_ + h_, z_next_), z_next_);
  std::swap(state_.z, z_next_);
  has_start_ = tableau_.fsal;
  previous_start_ = start_evaluation_;
  previous_start_time_ = start_time_;
  if (tableau_.fsal) {
    std::swap(stages_.k().front(), stages_.k().back());
    start_evaluation_ = evaluations_ - 1;
    start_time_ = t_ + h_;
  }
  step_accepted();
}

TensorList RkStepper::interpolated(double theta) {
  if (tableau_.interpolant.empty() || !tableau_.fsal) return Stepper::interpolated(theta);
  auto weights = weights_at(tableau_.interpolant, theta);
  std::swap(weights.front(), weights.back());  // as accept() swapped the stages
  auto z = empty_like(state_.z);
  combine(z_next_, stages_.k(), weights, h_, z);
  return z;
}

void RkStepper::retract() {
  if (!tableau_.fsal) return Stepper::retract();
  std::swap(state_.z, z_next_);
  std::swap(stages_.k().front(), stages_.k().back());
  start_evaluation_ = previous_start_;
  start_time_ = previous_start_time_;
  step_retracted();
}

RkReplay::RkReplay(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, const SolverState& start)
    : dynamics_(dynamics), random_(random), tableau_(tableau), stages_(tableau), state_(copy_of(start)) {}

TensorList RkReplay::evaluate(const Grid::Step& step, std::size_t stage, double t, const TensorList& z) {
  random_.replay(stage == 0 ? step.start : step.evaluation + static_cast<std::int64_t>(stage) - 1);
  auto u = dynamics_.eval(time_tensor(t, z), z);
  drop_kept_casts(z[0].device().type());  // made without a graph, they must not serve a linearised evaluation
  return u;
}

void RkReplay::step(const Grid::Step& step) {
  stages_.set(0, evaluate(step, 0, step.start_time, state_.z), state_.z);
  stages_.run(
      step.t, step.h, state_.z, [&](std::size_t stage, double t, const TensorList& z) { return evaluate(step, stage, t, z); },
      /*closing=*/false, z_next_);
  std::swap(state_.z, z_next_);
}

namespace {

class RkSolver final : public Solver {
 public:
  explicit RkSolver(const Tableau& tableau) : tableau_(tableau) {}

  std::unique_ptr<ForwardStepper> stepper(Dynamics& dynamics, RandomReplay& random, double t0, double t1, const TensorList& z0,
                                          const SweepNeeds& needs, SweepObserver observer) override {
    return std::make_unique<RkStepper>(dynamics, random, tableau_, t0, t1, z0, needs, std::move(observer));
  }
  std::unique_ptr<Replay> replay(Dynamics& dynamics, RandomReplay& random, const SolverState& start) override {
    return std::make_unique<RkReplay>(dynamics, random, tableau_, start);
  }
  std::unique_ptr<StepAdjoint> adjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters,
                                       bool wants_times) override {
    return std::make_unique<RkAdjoint>(dynamics, random, tableau_, z, std::move(parameters), wants_times);
  }

 private:
  const Tableau& tableau_;
};

}  // namespace

std::unique_ptr<Solver> make_rk_solver(const Tableau& tableau) { return std::make_unique<RkSolver>(tableau); }

}  // namespace neuralode
