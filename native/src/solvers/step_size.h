// What decides the length of the next step.
#pragma once

#include <cstdint>

namespace neuralode {

struct StepSizeOptions {
  double step_size = 0;          ///< > 0: fixed; 0: adaptive
  double rtol = 1e-3;            ///< adaptive, > 0
  double atol = 1e-6;            ///< adaptive, > 0
  double initial_step_size = 0;  ///< adaptive: > 0, or 0 to choose
  std::int64_t max_steps = 1000000;
};

/// Throws invalid_argument naming the option, its value and its range.
void check(const StepSizeOptions& options);

/// Proportional-integral control of the step length. Source: Gustafsson 1991; Hairer & Wanner, Solving ODEs II, IV.2.
///   h_next = h * clamp(safety * error^(-0.7/k) * previous_error^(0.4/k), 0.2, 5), with k the order of the error estimate.
/// After a rejection: h * clamp(safety * error^(-1/k), 0.2, 1). A non-finite error counts as infinite.
class PiController {
 public:
  explicit PiController(double error_order) : error_order_(error_order) {}
  /// Factor for the step after one whose scaled error norm was `error` (accepted if <= 1).
  double factor(double error);

 private:
  double error_order_;
  double previous_error_ = 1;
  bool rejected_ = false;
};

}  // namespace neuralode
