// The solvers on operators that autograd records, times included: for backprop, the oracle of the other gradient methods.
#pragma once

#include <memory>

#include "gradients/landings.h"
#include "gradients/solve.h"
#include "solvers/solver_state.h"

namespace neuralode {

class RecordedStepper : public Stepper {
 public:
  /// Both must outlive this.
  RecordedStepper(const Problem& problem, const Landings& landings);

  /// Checks z0 and evaluates what the first step needs.
  virtual void start();
  std::int64_t attempt(double t, double h, std::int64_t landing) override;
  void require_acceptable() const override;
  void accept() override;
  void land(std::int64_t index) override;
  TensorList interpolated(double theta) override;
  void retract() override;
  /// From now on the last landing is at t1, 0-dim, instead of the problem's.
  void end_at(at::Tensor t1) { t1_ = std::move(t1); }
  /// Whether the state has a graph.
  bool requires_grad() const;
  /// At the end of the last accepted step, detached.
  TensorList z() const { return plain(state_.z); }
  /// Gives out the state at an entry of t_eval inside the last accepted step.
  void pass(const Landings::Interpolated& entry);

  /// The states in the form of Solution::states; of landings that were not reached, NaN.
  TensorList outputs() const;
  std::int64_t evaluations() const { return evaluations_; }
  /// Of an implicit solver.
  virtual ImplicitWork work() const { return {}; }

 protected:
  /// A trial from `start`, of length `length` (0-dim, float64): writes tried_ and u_.
  virtual void advance(const at::Tensor& start, const at::Tensor& length) = 0;
  /// z inside the last accepted step, which started from before_. theta: 0-dim, float64.
  virtual TensorList inside(const at::Tensor& theta) const;
  /// Throws non_finite.
  void require_finite_start(const TensorList& f0) const;
  TensorList evaluate(const at::Tensor& t, const TensorList& z);
  void count_evaluation() { ++evaluations_; }
  /// Detached, contiguous.
  static TensorList plain(const TensorList& tensors);

  const Problem& problem_;
  const Landings& landings_;
  at::Tensor segment_start_;
  SolverState state_, tried_, before_;
  std::vector<TensorList> u_;  ///< f of the trial, stage by stage
  at::Tensor start_, length_;  ///< of the trial
  double t_ = 0, h_ = 0;

 private:
  at::Tensor landing_time(std::int64_t index) const;
  at::Tensor row_of(std::size_t row, std::size_t i) const;

  at::Tensor t1_;
  double segment_start_value_;
  std::vector<TensorList> outputs_;  ///< one a landing
  std::vector<TensorList> inside_;   ///< one an entry of t_eval that is interpolated, as far as they were reached
  std::int64_t evaluations_ = 0, accepted_ = 0;
};

/// Of problem.options.solver. interpolating: with states inside steps.
std::unique_ptr<RecordedStepper> make_recorded(const Problem& problem, const Landings& landings, bool interpolating);
std::unique_ptr<RecordedStepper> make_recorded_alf(const Problem& problem, const Landings& landings);
std::unique_ptr<RecordedStepper> make_recorded_implicit(const Problem& problem, const Landings& landings);
std::unique_ptr<RecordedStepper> make_recorded_rk(const Problem& problem, const Landings& landings, bool interpolating);
std::unique_ptr<RecordedStepper> make_recorded_reversible_rk(const Problem& problem, const Landings& landings);
std::unique_ptr<RecordedStepper> make_recorded_reversible_heun(const Problem& problem, const Landings& landings);

}  // namespace neuralode
