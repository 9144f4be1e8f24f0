#include "gradients/snapshots.h"

#include <algorithm>
#include <cmath>

namespace neuralode {

SnapshotSchedule SnapshotSchedule::every(std::int64_t interval) {
  SnapshotSchedule schedule;
  schedule.longest_ = static_cast<std::size_t>(interval);
  return schedule;
}

SnapshotSchedule SnapshotSchedule::automatic(double log_amplification, double rate, double epsilon, double threshold, std::size_t longest) {
  SnapshotSchedule schedule;
  schedule.log_amplification_ = log_amplification;
  schedule.rate_ = std::isfinite(rate) ? std::max(rate, 0.0) : 0;
  // The bound counts one rounding of size 1, and a stretch has some: a quarter of the threshold is planned for, so that few need a repair.
  const double room = std::max(0.0, std::log(threshold / epsilon));
  schedule.budget_ = std::max(room - std::log(4.0), room / 2);
  schedule.longest_ = longest;
  return schedule;
}

bool SnapshotSchedule::due(double h) {
  const double growth = log_amplification_ + rate_ * std::abs(h);
  if (!first_ && (steps_ >= longest_ || growth_ + growth > budget_)) {
    growth_ = growth;
    steps_ = 1;
    return true;
  }
  first_ = false;
  growth_ += growth;
  steps_ += 1;
  return false;
}

double repair_threshold(double epsilon, double tolerance, const AutocastState& autocast) {
  const double of_f = autocast.enabled ? std::min(tolerance, epsilon_of(autocast.dtype)) : 0;
  return std::min(tolerance, std::max({tolerance / 10, std::sqrt(tolerance * epsilon), of_f}));
}

double drift_rate_of(double drift, double epsilon, double log_amplification, std::size_t steps, double duration) {
  constexpr double beyond_measure = 1e30;
  const double seen = std::isfinite(drift) ? std::clamp(drift, epsilon, beyond_measure) : beyond_measure;
  const double unexplained = std::log(seen / epsilon) - static_cast<double>(steps) * log_amplification;
  return duration > 0 ? std::max(0.0, unexplained / duration) : 0;
}

double epsilon_of(at::ScalarType dtype) {
  switch (dtype) {
    case at::kDouble:
      return std::numeric_limits<double>::epsilon();
    case at::kFloat:
      return std::numeric_limits<float>::epsilon();
    case at::kHalf:
      return 1.0 / 1024;
    default:
      return 1.0 / 128;  // bfloat16
  }
}

double drift_tolerance_of(const SolveOptions& options, at::ScalarType dtype, const AutocastState& autocast) {
  if (options.drift_tolerance > 0) return options.drift_tolerance;
  return std::max(std::sqrt(epsilon_of(dtype)), autocast.enabled ? epsilon_of(autocast.dtype) : 0);
}

}  // namespace neuralode
