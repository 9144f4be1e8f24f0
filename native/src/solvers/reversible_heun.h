// The reversible Heun method. Source: Kidger et al. 2021 ("Efficient and accurate gradients for neural SDEs"), algorithms 1 and 2, without
// noise.
//   step:     yhat' = 2 y - yhat + h f;   f' = f(t + h, yhat');   y' = y + h/2 (f + f')
//   inverse:  yhat = 2 y' - yhat' - h f';  f = f(t, yhat);         y = y' - h/2 (f + f')
//   start:    yhat = y;  f = f(t0, y)
//   error:    h/2 (f' - f), the difference to the Euler step with f: of order 2 in h
// y is SolverState::z; SolverState::v is yhat... and after it f... Order 2, one evaluation a step.
//   cotangents: a_F = a_f' + h/2 a_y';  a_hat = a_yhat' + (df/dyhat')^T a_F;
//               a_f = h/2 a_y' + h a_hat;  a_y = a_y' + 2 a_hat;  a_yhat = -a_hat
#pragma once

#include "solvers/solver.h"

namespace neuralode {

class HeunStepper final : public ForwardStepper {
 public:
  /// Evaluates f(t0, z0). z0: copied. Throws non_finite for it or f(t0, z0).
  HeunStepper(Dynamics& dynamics, RandomReplay& random, double t0, const TensorList& z0, const SweepNeeds& needs, SweepObserver observer);

  double error_order() const override { return 2; }
  double initial_step_size(double rtol, double atol, double span) override;
  std::int64_t attempt(double t, double h, std::int64_t landing) override;
  std::int64_t start_evaluation() const override { return start_evaluation_; }
  double start_time() const override { return start_time_; }
  double error(double rtol, double atol) override;
  void require_acceptable() const override;
  void accept() override;

 private:
  SolverState next_;
  TensorList error_;
  double t_ = 0, h_ = 0, start_time_;
  bool finite_ = true;
  std::int64_t start_evaluation_ = 0;
};

class HeunReplay final : public Replay {
 public:
  /// start: copied.
  HeunReplay(Dynamics& dynamics, RandomReplay& random, const SolverState& start);
  void step(const Grid::Step& step) override;
  SolverState& state() override { return state_; }

 private:
  Dynamics& dynamics_;
  RandomReplay& random_;
  SolverState state_, next_;
};

class HeunAdjoint final : public StepAdjoint {
 public:
  HeunAdjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters, bool wants_times);
  TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) override;
  double start(double t0, const TensorList& z0) override;

 private:
  TensorList a_hat_, a_f_, a_u_, hat_next_;
};

/// f at the start of a step is linearised when the step is undone, and pulled back when the one before it is: N + 1 linearised evaluations
/// for N steps. Where the state at a step's start is known, its f is not evaluated there but linearised in the step before.
class HeunInverse final : public StepInverse {
 public:
  /// span: |t1 - t0|.
  HeunInverse(Dynamics& dynamics, RandomReplay& random, double span, const SolverState& end, TensorList parameters, bool wants_times);
  TimeCotangents step(const Grid::Step& step, bool wants_h, const SolverState* before, const Grid::Step* next) override;
  Start start(double t0, TensorList z0) override;
  /// As ALF's: over the tensors, y and f, and yhat and f.
  double speed() const override;
  double drift(const SolverState& known) const override;
  void set_state(const SolverState& state) override;

 private:
  double span_;
  Linearization slope_;  ///< of f at the state that it stands at, where it was needed there
  TensorList a_u_, spare_;
};

std::unique_ptr<Solver> make_reversible_heun_solver(double span);

}  // namespace neuralode
