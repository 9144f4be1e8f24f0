// The asynchronous-leapfrog (ALF) solver on fused kernels. Source: Zhuang et al. 2021, algorithms 2 to 4; docs/method.md.
//   step:    k = z + h/2 v;  u = f(t + h/2, k);  v' = (1 - 2 eta) v + 2 eta u;  z' = k + h/2 v'
//   start:   v0 = f(t0, z0)
//   error:   h (u - v), the difference to the Euler step with v: of order 2 in h
// Order 2 for eta = 1, else 1. One evaluation of f a step. Inside a step: cubic Hermite interpolation between (z, v) and (z', v').
#pragma once

#include "solvers/alf_arithmetic.h"
#include "solvers/alf_kernels.h"
#include "solvers/solver.h"

namespace neuralode {

/// Throws invalid_argument unless eta is in (0, 1] and not 1/2.
void check_eta(double eta);

class AlfStepper final : public ForwardStepper {
 public:
  /// Evaluates v0. z0: copied. Throws non_finite for z0 or f(t0, z0).
  AlfStepper(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, double t0, const TensorList& z0, const SweepNeeds& needs,
             SweepObserver observer);

  double error_order() const override { return 2; }
  double initial_step_size(double rtol, double atol, double span) override;
  std::int64_t attempt(double t, double h, std::int64_t landing) override;
  double error(double rtol, double atol) override;
  void require_acceptable() const override;
  void accept() override;
  TensorList interpolated(double theta) override;
  void retract() override;
  TensorList z_of(const SolverState& state) const override { return arithmetic_.z_of(state); }

 private:
  /// k of the step of length h from the state; of an open step the tail first, in the same pass.
  const TensorList& next_midpoint(double h);
  /// Makes the tail of the step, if it is open: state_ is whole then.
  void close();
  /// Throws if result_ tells to: it is of step number `step`.
  void require_fine(std::int64_t step) const;

  AlfArithmetic& arithmetic_;
  SolverState next_;  // the tried step
  TensorList u_;
  double t0_, t_ = 0, h_ = 0;
  bool open_ = false;  ///< the step's tail is left for the next one's head to take along; state_ is not whole
  StepResult result_ = StepResult::fine;
};

class AlfReplay final : public Replay {
 public:
  AlfReplay(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, const SolverState& start);
  void step(const Grid::Step& step) override;
  SolverState& state() override { return state_; }

 private:
  Dynamics& dynamics_;
  RandomReplay& random_;
  AlfArithmetic& arithmetic_;
  SolverState state_, next_;
};

/// Reverse sweep: reconstructs (z, v) step by step and carries their cotangents and the parameters' along.
///   k = z' - h/2 v';  u = f(t + h/2, k);  v = (v' - 2 eta u) / (1 - 2 eta);  z = k - h/2 v
///   s = a_v + h/2 a_z;  a_u = 2 eta s;  a_k = a_z + (df/dk)^T a_u;  a_z = a_k;  a_v = (1 - 2 eta) s + h/2 a_k
/// The cotangent of a state interpolated inside the step joins (a_z, a_v) before and after by its four weights.
/// The inverse and the pullback need f at the same k: one linearised evaluation a step.
class AlfInverse final : public StepInverse {
 public:
  AlfInverse(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, const SolverState& end, TensorList parameters,
             bool wants_times);
  TimeCotangents step(const Grid::Step& step, bool wants_h, const SolverState* before, const Grid::Step* next) override;
  Start start(double t0, TensorList z0) override;
  void set_state(const SolverState& state) override;
  double size() const override { return largest_value(begun_ ? *begun_ : arithmetic_.z_of(state_)); }
  double speed() const override { return largest_value(arithmetic_.v_of(state_)); }
  double drift(const SolverState& known) const override { return arithmetic_.drift(state_, known); }

 private:
  AlfArithmetic& arithmetic_;
  TensorList a_u_;
  const TensorList* begun_ = nullptr;  ///< k of the step that comes next, whose head was made with the tail before
};

/// The same cotangents from the states before the steps, in floats.
class AlfAdjoint final : public StepAdjoint {
 public:
  AlfAdjoint(Dynamics& dynamics, RandomReplay& random, double eta, const TensorList& z, TensorList parameters, bool wants_times);
  TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) override;
  double start(double t0, const TensorList& z0) override;

 private:
  double eta_;
  TensorList a_v_, a_u_, k_, z_next_, v_next_;
};

std::unique_ptr<Solver> make_alf_solver(std::unique_ptr<AlfArithmetic> arithmetic, double eta);

}  // namespace neuralode
