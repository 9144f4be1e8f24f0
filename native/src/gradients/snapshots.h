// States of a forward sweep that are kept for the reverse sweep, and when to keep one.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "gradients/solve.h"
#include "solvers/alf_arithmetic.h"
#include "tensors/autocast.h"

namespace neuralode {

/// The state before step `step`.
struct Snapshot {
  std::size_t step;
  SolverState state;
};

/// Decides before each step whether the state there is to be kept.
///
/// Automatic: undoing a stretch of steps expands an error of epsilon to epsilon exp(sum of (log_amplification + rate |h|)); a state is kept
/// before that would exceed a quarter of repair_threshold() (its geometric mean with epsilon where that is more).
/// rate 0: epsilon |1 - 2 eta|^-K <= tolerance / 40.
class SnapshotSchedule {
 public:
  static SnapshotSchedule none() { return {}; }
  static SnapshotSchedule every(std::int64_t interval);
  /// rate: Dynamics::drift_rate(). longest: most steps between two.
  static SnapshotSchedule automatic(double log_amplification, double rate, double epsilon, double threshold,
                                    std::size_t longest = std::numeric_limits<std::size_t>::max());
  /// Called before each step in turn, h its length; the first is never due.
  bool due(double h);

 private:
  double log_amplification_ = 0, rate_ = 0, budget_ = std::numeric_limits<double>::infinity();
  std::size_t longest_ = std::numeric_limits<std::size_t>::max();
  double growth_ = 0;
  std::size_t steps_ = 0;
  bool first_ = true;
};

/// What automatic snapshots keep the drift below, so that gradients stay well within the tolerance: a tenth of it, or the geometric mean of
/// it and epsilon where that is more (bfloat16 hardly has a tenth); under autocast up to the epsilon of f, whose rounding no density of
/// snapshots mends.
double repair_threshold(double epsilon, double tolerance, const AutocastState& autocast);

/// The rate that explains a drift over `steps` steps that cover `duration` of time; at least 0.
double drift_rate_of(double drift, double epsilon, double log_amplification, std::size_t steps, double duration);

/// Machine epsilon of a state's dtype.
double epsilon_of(at::ScalarType dtype);
/// options.drift_tolerance, or the square root of epsilon; under autocast at least the epsilon that f itself is computed with.
double drift_tolerance_of(const SolveOptions& options, at::ScalarType dtype, const AutocastState& autocast);

}  // namespace neuralode
