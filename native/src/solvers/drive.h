// The loop over steps: from t0 through every landing time, at fixed or adaptive step lengths.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "solvers/per_sample/round.h"
#include "solvers/step_size.h"
#include "tensors/tensor_list.h"

namespace neuralode {

/// The accepted steps. What a reverse sweep replays, to the bit.
struct Grid {
  struct Step {
    double t;                ///< start
    double h;                ///< signed length
    std::int64_t evaluation; ///< number of the (first) evaluation of f that the accepted trial made
    std::int64_t landing;    ///< index of the landing time that the step ends on, or -1
    std::int64_t start = -1; ///< number of the evaluation at the step's start, where the method has one; it may be of the step before
    double start_time = 0;   ///< of that evaluation: t, or where the step before ended by its own length, which differs by rounding
    /// per_sample: what each sample does; `h` is then the longest accepted length, `t` the sum of those before from t0 on. Else null.
    std::shared_ptr<const SampleRound> samples = nullptr;
  };
  /// Where a sample stands, and its trials.
  struct Sample {
    double t;
    std::int64_t accepted, rejected;
  };
  std::vector<Step> steps;
  std::vector<Sample> samples;  ///< per_sample, else empty
  std::int64_t rejected = 0;
  double end = 0;  ///< where the last accepted step ended; per_sample: where the least advanced sample stands
};

/// One method of stepping, holding its state.
class Stepper {
 public:
  virtual ~Stepper() = default;
  /// Order of error() in h, for the controller.
  virtual double error_order() const = 0;
  /// First step length to try when none is given, from the state at t0 and the direction's span.
  virtual double initial_step_size(double rtol, double atol, double span) = 0;
  /// Tries a step from the current state; returns the number of its evaluation of f. landing: as in Grid::Step.
  virtual std::int64_t attempt(double t, double h, std::int64_t landing) = 0;
  /// Of the tried step, as in Grid::Step.
  virtual std::int64_t start_evaluation() const { return -1; }
  virtual double start_time() const { return 0; }
  /// Scaled norm of the tried step's error estimate; <= 1 is acceptable.
  virtual double error(double rtol, double atol) = 0;
  /// Throws, naming step, time and state, where the tried step can never be accepted: non_finite, lattice_overflow.
  virtual void require_acceptable() const = 0;
  /// The tried step becomes the state.
  virtual void accept() = 0;
  /// The loop has ended, with the steps of `grid`: throws what steps that were queued met.
  virtual void finish(const Grid&) {}
  /// The state has reached landing time `index`.
  virtual void land(std::int64_t index) = 0;

  /// z inside the last accepted step, at t + theta h, 0 <= theta <= 1, before the next is tried; detached. Throws unsupported where the
  /// method was made without an interpolant.
  virtual TensorList interpolated(double theta);
  /// The last accepted step is not accepted, before the next is tried; as interpolated.
  virtual void retract();
};

/// Called after each accepted step, which is the grid's last. Returns whether to go on.
using AfterStep = std::function<bool(Grid& grid)>;

/// Steps of the given length that a fixed grid takes from `start` to `landing`; a remainder of rounding size is no step of its own.
double fixed_step_count(double start, double landing, double step_size);

/// Steps from t0 to landings.front(), ..., landings.back(), which are monotone from t0 on; a landing time equal to where the
/// state is takes no step. Throws step_limit, step_size_underflow and what require_acceptable throws; `grid` then has what was accepted.
/// Fixed: every step has the given length but the last before each landing time, which is shortened (never by rounding alone).
/// after_step: may be empty; where it stops the loop, no landing is told.
void drive(Stepper& stepper, double t0, const std::vector<double>& landings, const StepSizeOptions& options, Grid& grid,
           const AfterStep& after_step = {});

}  // namespace neuralode
