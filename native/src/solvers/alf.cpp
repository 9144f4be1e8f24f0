#include "solvers/alf.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"
#include "solvers/interpolant.h"
#include "solvers/rk_kernels.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

void check_eta(double eta) {
  require(eta > 0 && eta <= 1, "eta: ", eta, " is outside (0, 1]; 1 is undamped");
  require(eta != 0.5, "eta: 0.5 leaves the step without an inverse (1 - 2 eta == 0); choose another value in (0, 1]");
}

AlfStepper::AlfStepper(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, double t0, const TensorList& z0,
                       const SweepNeeds& needs, SweepObserver observer)
    : ForwardStepper(dynamics, random, z0, needs, std::move(observer)), arithmetic_(arithmetic), t0_(t0) {
  auto z = checked_start(z0, t0);
  const auto v0 = laid_out_as(evaluate(t0, z), z);
  require_finite_start(v0, t0);
  if (arithmetic_.exact()) fail_noted(t0);  // its lattice is chosen from these numbers
  state_ = arithmetic_.start(std::move(z), v0);
  next_ = arithmetic_.room_after(state_, needs.keep);
}

double AlfStepper::initial_step_size(double rtol, double atol, double span) {
  require_unnoted(t0_);
  return first_step_size(measured(arithmetic_.z_of(state_)), measured(arithmetic_.v_of(state_)), rtol, atol, span);
}

std::int64_t AlfStepper::attempt(double t, double h, std::int64_t landing) {
  if (tell_length(h)) {
    close();
    tell_state();
  }
  const auto& k = next_midpoint(h);
  t_ = t;
  h_ = h;
  u_.clear();
  u_ = laid_out_as(evaluate(t + h / 2, k), k);
  notes_.begin(accepted_);
  open_ = !needs_.adaptive && !needs_.keep && !needs_.every_state && landing < 0;
  result_ = open_ ? StepResult::fine : arithmetic_.tail(state_, u_, next_, h, notes());
  return evaluations_ - 1;
}

const TensorList& AlfStepper::next_midpoint(double h) {
  if (!open_) return arithmetic_.head(state_, next_, h);
  notes_.begin(accepted_ - 1);
  const auto& k = arithmetic_.advance(state_, u_, next_, h_, h, result_, notes());
  open_ = false;
  require_fine(accepted_);
  return k;
}

void AlfStepper::close() {
  if (!std::exchange(open_, false)) return;
  notes_.begin(accepted_ - 1);
  result_ = arithmetic_.tail(state_, u_, next_, h_, notes());
  require_fine(accepted_);
  std::swap(state_, next_);
}

double AlfStepper::error(double rtol, double atol) {
  if (result_ != StepResult::fine) return INFINITY;  // an infinite z would scale its own error away
  const double norm = alf_error_norm(measured(arithmetic_.z_of(state_)), measured(arithmetic_.z_of(next_)), measured(u_),
                                     measured(arithmetic_.v_of(state_)), h_, rtol, atol);
  if (notes_.on_gpu() && std::isnan(norm)) result_ = StepResult::non_finite;
  return result_ == StepResult::fine ? norm : INFINITY;
}

void AlfStepper::require_acceptable() const {
  require_unnoted(t_ + h_ / 2);
  require_fine(accepted_ + 1);
}

void AlfStepper::require_fine(std::int64_t step) const {
  if (result_ == StepResult::overflow) fail_overflow(step, t_ + h_ / 2);
  if (result_ == StepResult::non_finite) fail_non_finite({u_}, step, t_ + h_ / 2);
}

void AlfStepper::accept() {
  if (!open_) std::swap(state_, next_);
  step_accepted();
}

TensorList AlfStepper::interpolated(double theta) {
  const auto weights = hermite_at(theta);
  const auto z = arithmetic_.z_of(next_);  // where the state before the step is now
  auto inside = empty_like(z);
  combine(z, {z, arithmetic_.v_of(next_), arithmetic_.z_of(state_), arithmetic_.v_of(state_)},
          {weights.z - 1, h_ * weights.v, weights.z_next, h_ * weights.v_next}, 1, inside);
  return inside;
}

void AlfStepper::retract() {
  std::swap(state_, next_);
  step_retracted();
}

AlfReplay::AlfReplay(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, const SolverState& start)
    : dynamics_(dynamics),
      random_(random),
      arithmetic_(arithmetic),
      state_(copy_of(start)),
      next_(arithmetic.room_after(state_, /*keep=*/false)) {}

void AlfReplay::step(const Grid::Step& step) {
  const auto& k = arithmetic_.head(state_, next_, step.h);
  random_.replay(step.evaluation);
  const auto u = laid_out_as(dynamics_.eval(time_tensor(step.t + step.h / 2, k), k), k);
  drop_kept_casts(k[0].device().type());  // made without a graph, they must not serve a linearised evaluation
  arithmetic_.tail(state_, u, next_, step.h);
  std::swap(state_, next_);
}

namespace {

/// The weights of one end (z, h v) of a step in a state inside it, and their derivatives to theta.
struct HermiteEnd {
  double z, v, z_slope, v_slope;
};
HermiteEnd start_of_step(double theta) {
  const auto at = hermite_at(theta), slopes = hermite_slopes_at(theta);
  return {at.z, at.v, slopes.z, slopes.v};
}
HermiteEnd end_of_step(double theta) {
  const auto at = hermite_at(theta), slopes = hermite_slopes_at(theta);
  return {at.z_next, at.v_next, slopes.z_next, slopes.v_next};
}

/// Adds to the cotangents of one end what states inside the step, of length h, ask of it.
void join(const std::vector<InsideCotangent>& inside, HermiteEnd (*end)(double), double h, const TensorList& a_z, const TensorList& a_v) {
  for (const auto& [theta, g] : inside)
    for (std::size_t i = 0; i < g.size(); ++i) {
      a_z[i].add_(g[i], end(theta).z);
      a_v[i].add_(g[i], h * end(theta).v);
    }
}

/// Adds what they ask of the derivatives to h, if wanted, and to theta, from one end.
void differentiate_times(const std::vector<InsideCotangent>& inside, HermiteEnd (*end)(double), double h, const TensorList& z,
                         const TensorList& v, bool wants_h, CotangentSweep::TimeCotangents& result) {
  result.theta.resize(inside.size());
  for (std::size_t j = 0; j < inside.size(); ++j) {
    const auto [at_z, at_v, z_slope, v_slope] = end(inside[j].theta);
    const double with_v = dot(inside[j].g, v);
    if (wants_h) result.h += at_v * with_v;
    result.theta[j] += z_slope * dot(inside[j].g, z) + h * v_slope * with_v;
  }
}

}  // namespace

AlfInverse::AlfInverse(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, const SolverState& end, TensorList parameters,
                       bool wants_times)
    : StepInverse(dynamics, random, arithmetic.z_of(end), end, std::move(parameters), wants_times),
      arithmetic_(arithmetic),
      a_u_(empty_like(a_z_)) {}

// h enters through t + h/2, through k = z + h/2 v and through z' = k + h/2 v'.
CotangentSweep::TimeCotangents AlfInverse::step(const Grid::Step& step, bool wants_h, const SolverState* before, const Grid::Step* next) {
  TimeCotangents result;
  const bool differentiates_inside = wants_times_ && !inside_.empty();
  if (differentiates_inside)
    differentiate_times(inside_, end_of_step, step.h, arithmetic_.z_of(state_), arithmetic_.v_of(state_), wants_h, result);
  join(inside_, end_of_step, step.h, a_z_, a_v_);
  if (!begun_) {
    take_back(a_u_);
    begun_ = &arithmetic_.reverse_head(state_, a_z_, a_v_, a_u_, step.h);
  }
  const auto [u, cotangents] = linearised(step.t + step.h / 2, *std::exchange(begun_, nullptr), a_u_, step.evaluation);
  if (next != nullptr) {
    begun_ = &arithmetic_.reverse_advance(state_, u, cotangents.a_z, a_u_, a_z_, a_v_, step.h, next->h);
    return result;
  }
  if (wants_times_) result.start = scalar(cotangents.a_t);
  if (wants_h) result.h += (result.start + dot(a_z_, arithmetic_.v_of(state_))) / 2;
  arithmetic_.reverse_tail(state_, u, cotangents.a_z, a_u_, a_z_, a_v_, step.h);
  const auto& start = before ? *before : state_;
  if (wants_h) result.h += dot(a_z_, arithmetic_.v_of(start)) / 2;
  if (differentiates_inside)
    differentiate_times(inside_, start_of_step, step.h, arithmetic_.z_of(start), arithmetic_.v_of(start), wants_h, result);
  join(std::exchange(inside_, {}), start_of_step, step.h, a_z_, a_v_);
  return result;
}

void AlfInverse::set_state(const SolverState& state) {
  StepInverse::set_state(state);
  begun_ = nullptr;
}

StepInverse::Start AlfInverse::start(double t0, TensorList z0) {
  auto [v0, cotangents] = linearised(t0, z0, a_v_, /*evaluation=*/0);
  add_cotangent(cotangents.a_z);
  return {arithmetic_.start(std::move(z0), v0), scalar(cotangents.a_t)};
}

AlfAdjoint::AlfAdjoint(Dynamics& dynamics, RandomReplay& random, double eta, const TensorList& z, TensorList parameters, bool wants_times)
    : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times),
      eta_(eta),
      a_v_(zeros_like(z)),
      a_u_(empty_like(z)),
      k_(empty_like(z)),
      z_next_(empty_like(z)),
      v_next_(empty_like(z)) {}

CotangentSweep::TimeCotangents AlfAdjoint::step(const Grid::Step& step, const SolverState& before, bool wants_h) {
  TimeCotangents result;
  const bool differentiates_inside = wants_times_ && !inside_.empty();
  join(inside_, end_of_step, step.h, a_z_, a_v_);
  take_back(k_);
  take_back(a_u_);
  alf_reverse_head(before.z, before.v, a_z_, a_v_, k_, a_u_, step.h, eta_);  // for a_u; its k is that of the step before
  alf_head(before.z, before.v, k_, step.h);
  const auto [u, cotangents] = linearised(step.t + step.h / 2, k_, a_u_, step.evaluation);
  if (wants_times_) result.start = scalar(cotangents.a_t);
  if (wants_h || differentiates_inside) alf_tail(k_, before.v, u, z_next_, v_next_, step.h, eta_);
  if (wants_h) result.h += (result.start + dot(a_z_, v_next_)) / 2;
  if (differentiates_inside) {
    differentiate_times(inside_, end_of_step, step.h, z_next_, v_next_, wants_h, result);
    differentiate_times(inside_, start_of_step, step.h, before.z, before.v, wants_h, result);
  }
  alf_reverse_tail(k_, before.v, u, cotangents.a_z, a_u_, z_next_, v_next_, a_z_, a_v_, step.h, eta_);  // for the cotangents
  if (wants_h) result.h += dot(a_z_, before.v) / 2;
  join(std::exchange(inside_, {}), start_of_step, step.h, a_z_, a_v_);
  return result;
}

double AlfAdjoint::start(double t0, const TensorList& z0) {
  const auto cotangents = linearised(t0, z0, a_v_, /*evaluation=*/0).second;
  add_cotangent(cotangents.a_z);
  return scalar(cotangents.a_t);
}

namespace {

class AlfSolver final : public Solver {
 public:
  AlfSolver(std::unique_ptr<AlfArithmetic> arithmetic, double eta) : arithmetic_(std::move(arithmetic)), eta_(eta) {}

  std::unique_ptr<ForwardStepper> stepper(Dynamics& dynamics, RandomReplay& random, double t0, double, const TensorList& z0,
                                          const SweepNeeds& needs, SweepObserver observer) override {
    return std::make_unique<AlfStepper>(dynamics, random, *arithmetic_, t0, z0, needs, std::move(observer));
  }
  std::unique_ptr<Replay> replay(Dynamics& dynamics, RandomReplay& random, const SolverState& start) override {
    return std::make_unique<AlfReplay>(dynamics, random, *arithmetic_, start);
  }
  std::unique_ptr<StepAdjoint> adjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters,
                                       bool wants_times) override {
    return std::make_unique<AlfAdjoint>(dynamics, random, eta_, z, std::move(parameters), wants_times);
  }
  std::unique_ptr<StepInverse> inverse(Dynamics& dynamics, RandomReplay& random, const SolverState& end, TensorList parameters,
                                       bool wants_times) override {
    return std::make_unique<AlfInverse>(dynamics, random, *arithmetic_, end, std::move(parameters), wants_times);
  }

  SolverState start(Dynamics& dynamics, RandomReplay& random, double t0, TensorList z0) override {
    random.replay(0);
    const auto v0 = dynamics.eval(time_tensor(t0, z0), z0);
    drop_kept_casts(z0[0].device().type());
    return arithmetic_->start(std::move(z0), v0);
  }
  TensorList z_of(const SolverState& state) const override { return arithmetic_->z_of(state); }
  SolverState in_floats(const SolverState& state) const override { return {arithmetic_->z_of(state), arithmetic_->v_of(state)}; }
  double log_amplification() const override { return arithmetic_->log_amplification(); }
  bool exact() const override { return arithmetic_->exact(); }

 private:
  std::unique_ptr<AlfArithmetic> arithmetic_;
  double eta_;
};

}  // namespace

std::unique_ptr<Solver> make_alf_solver(std::unique_ptr<AlfArithmetic> arithmetic, double eta) {
  return std::make_unique<AlfSolver>(std::move(arithmetic), eta);
}

}  // namespace neuralode
