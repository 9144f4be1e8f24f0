// The loop over rounds: every sample from t0 through every landing time at steps of its own.
#pragma once

#include "solvers/drive.h"
#include "solvers/per_sample/round.h"

namespace neuralode {

/// One method of stepping the samples of a batch, holding their state.
class SampleStepper {
 public:
  virtual ~SampleStepper() = default;
  virtual std::int64_t batch() const = 0;
  /// Order of the error estimate in h, for the controllers.
  virtual double error_order() const = 0;
  /// First step length of each sample to try when none is given, from the state at t0 and the direction's span > 0.
  virtual std::vector<double> initial_step_sizes(double rtol, double atol, double span) = 0;
  /// Tries the round's steps; returns the number of its first evaluation of f.
  virtual std::int64_t attempt(const SampleRound& round) = 0;
  /// Scaled norm of each sample's error estimate; <= 1 is acceptable, infinite where the trial is not finite.
  virtual std::vector<double> error_norms(double rtol, double atol) = 0;
  /// Throws non_finite, naming sample, step and time, where the sample's last trial was not finite. step: its number, from 1.
  virtual void require_finite(std::size_t sample, std::int64_t step) const = 0;
  /// The accepted trials become the state. round: as tried, `accepted` and `closing` filled in, at rest what was not finite.
  virtual void accept(const SampleRound& round) = 0;
  /// The samples named have reached landing time `index`.
  virtual void land(std::int64_t index, const std::vector<std::int64_t>& samples) = 0;
};

/// Steps of every sample from t0 to landings.front(), ..., landings.back(), as drive() makes them of a state: max_steps counts each
/// sample's trials. A sample that is done waits. `grid` has one step a round in which a trial was accepted, and where each sample stands.
/// Throws step_limit, step_size_underflow and non_finite, naming the sample.
void drive_samples(SampleStepper& stepper, double t0, const std::vector<double>& landings, const StepSizeOptions& options, Grid& grid);

}  // namespace neuralode
