// What decides the length of the next step.
#pragma once

#include <cstdint>

namespace neuralode {

enum class ControllerKind : std::int32_t { pi, i, pid };

struct StepSizeOptions {
  double step_size = 0;          ///< > 0: fixed; 0: adaptive
  double rtol = 1e-3;            ///< adaptive, > 0
  double atol = 1e-6;            ///< adaptive, > 0
  double initial_step_size = 0;  ///< adaptive: > 0, or 0 to choose
  std::int64_t max_steps = 1000000;
  ControllerKind controller = ControllerKind::pi;
};

/// Throws invalid_argument naming the option, its value and its range.
void check(const StepSizeOptions& options);

/// Below it, steps at t with `remaining` time to go are no use.
double smallest_step(double t, double remaining);

/// Control of the step length from the scaled error norms e of the last accepted steps, newest first; k: order of the error estimate.
///   h_next = h * clamp(safety * e1^(-a/k) * e2^(b/k) * e3^(-c/k), 0.2, 5)
///   pi:  a = 0.85, b = 0.2, c = 0      Gustafsson 1991, with the constants of DOPRI5 (Hairer, Norsett & Wanner, Solving ODEs I)
///   i:   a = 1, b = c = 0
///   pid: a = 0.58, b = 0.21, c = 0.1   Soderlind 1998, with the constants of ARKODE (Hindmarsh et al. 2005)
/// After a rejection: h * clamp(safety * e1^(-1/k), 0.2, 1). A non-finite error counts as infinite.
class StepController {
 public:
  StepController(ControllerKind kind, double error_order) : kind_(kind), error_order_(error_order) {}
  /// Factor for the step after one whose scaled error norm was `error` (accepted if <= 1).
  double factor(double error);

 private:
  ControllerKind kind_;
  double error_order_;
  double previous_ = 1, before_previous_ = 1;
  bool rejected_ = false;
};

}  // namespace neuralode
