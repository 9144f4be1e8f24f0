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

  /// The states in the form of Solution::states; of landings that were not reached, NaN.
  TensorList outputs() const;
  std::int64_t evaluations() const { return evaluations_; }
  /// Of an implicit solver.
  virtual ImplicitWork work() const { return {}; }

 protected:
  /// A trial from `start`, of length `length` (0-dim, float64): writes tried_ and u_.
  virtual void advance(const at::Tensor& start, const at::Tensor& length) = 0;
  TensorList evaluate(const at::Tensor& t, const TensorList& z);
  void count_evaluation() { ++evaluations_; }
  /// Detached, contiguous.
  static TensorList plain(const TensorList& tensors);

  const Problem& problem_;
  const Landings& landings_;
  at::Tensor segment_start_;
  SolverState state_, tried_;
  std::vector<TensorList> u_;  ///< f of the trial, stage by stage
  double t_ = 0, h_ = 0;

 private:
  at::Tensor landing_time(std::int64_t index) const;
  at::Tensor landed(std::size_t landing, std::size_t i) const;

  double segment_start_value_;
  std::vector<TensorList> outputs_;
  std::int64_t evaluations_ = 0, accepted_ = 0;
};

/// Of problem.options.solver.
std::unique_ptr<RecordedStepper> make_recorded(const Problem& problem, const Landings& landings);
std::unique_ptr<RecordedStepper> make_recorded_alf(const Problem& problem, const Landings& landings);
std::unique_ptr<RecordedStepper> make_recorded_implicit(const Problem& problem, const Landings& landings);
std::unique_ptr<RecordedStepper> make_recorded_rk(const Problem& problem, const Landings& landings);

}  // namespace neuralode
