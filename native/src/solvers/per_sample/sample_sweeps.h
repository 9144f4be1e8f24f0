// What a forward sweep with steps per sample, its steps made again, and their derivatives are made of.
#pragma once

#include "solvers/per_sample/drive_samples.h"
#include "solvers/per_sample/method.h"
#include "solvers/solver.h"

namespace neuralode {

/// What a forward sweep tells while it runs.
struct SampleObserver {
  /// Before the first trial from a state; h: the longest length tried.
  std::function<void(double h, const SolverState& state)> before_step;
  std::function<void(std::int64_t landing, const std::vector<std::int64_t>& samples, const SolverState& state)> on_landing;
};

/// A forward sweep, not recorded by autograd.
class SampleForward final : public SampleStepper {
 public:
  /// Evaluates v0 = f(t0, z0). t1: for the direction. z0: copied. Throws non_finite for z0 and v0.
  SampleForward(Dynamics& dynamics, RandomReplay& random, const SolverChoice& choice, double t0, double t1, const TensorList& z0,
                SampleObserver observer);

  std::int64_t batch() const override { return state_.z[0].size(0); }
  double error_order() const override { return traits_of(choice_.kind).error_order; }
  std::vector<double> initial_step_sizes(double rtol, double atol, double span) override;
  std::int64_t attempt(const SampleRound& round) override;
  std::vector<double> error_norms(double rtol, double atol) override;
  void require_finite(std::size_t sample, std::int64_t step) const override;
  void accept(const SampleRound& round) override;
  void land(std::int64_t index, const std::vector<std::int64_t>& samples) override;

  SolverState& state() { return state_; }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  TensorList evaluate(const std::vector<double>& t, const TensorList& z);
  SampleMethod::Evaluate evaluator() {
    return [this](std::int64_t, const std::vector<double>& t, const TensorList& z) { return evaluate(t, z); };
  }

  Dynamics& dynamics_;
  RandomReplay& random_;
  const SolverChoice choice_;
  const double t0_, direction_;
  SampleObserver observer_;
  std::unique_ptr<SampleMethod> method_;
  SolverState state_;
  SampleRound tried_;
  std::vector<double> errors_;
  std::int64_t evaluations_ = 0;
  bool new_step_ = true;
};

/// First step lengths of the samples by Hairer's rule. evaluate: f(t, z) for its second half; empty for ALF, which does without.
std::vector<double> initial_lengths(const SolverState& state, double t0, double direction, double error_order, double rtol, double atol,
                                    double span,
                                    const std::function<TensorList(const std::vector<double>& t, const TensorList& z)>& evaluate);

std::unique_ptr<SampleMethod> make_sample_method(const SolverChoice& choice);

/// What reverse sweeps are made of. choice: alf in floats, or an explicit Runge-Kutta method with an error estimate. span: |t1 - t0|.
/// Its steps are rounds; its forward sweep is SampleForward, stepper() has none.
std::unique_ptr<Solver> make_sample_solver(const SolverChoice& choice, double span);

/// Throws non_finite naming the first sample in which a tensor, batch outermost, is not finite.
void require_all_finite(const TensorList& tensors, const char* name, const char* remedy, double t0);
/// Throws non_finite naming the state in which f is not finite, if any is not, for a trial that was not.
[[noreturn]] void fail_non_finite(const std::vector<TensorList>& stages, const SampleTrial& trial, std::size_t sample, std::int64_t step);

/// Throws invalid_argument unless all tensors have one batch as their first dimension.
void check_batch(const TensorList& z0);

}  // namespace neuralode
