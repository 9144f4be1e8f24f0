#include "solvers/step_size.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"

namespace neuralode {

void check(const StepSizeOptions& options) {
  require(std::isfinite(options.step_size) && options.step_size >= 0, "step_size: ", options.step_size,
          " is not a length; give a positive step (its sign follows from t0 and t1), or 0 for adaptive steps");
  if (options.step_size == 0) {
    require(std::isfinite(options.rtol) && options.rtol > 0, "rtol: ", options.rtol, " is not a tolerance; adaptive steps need rtol > 0");
    require(std::isfinite(options.atol) && options.atol > 0, "atol: ", options.atol, " is not a tolerance; adaptive steps need atol > 0");
    require(std::isfinite(options.initial_step_size) && options.initial_step_size >= 0, "initial_step_size: ", options.initial_step_size,
            " is not a length; give a positive first step, or 0 to have it chosen");
  }
  const auto controller = static_cast<int>(options.controller);
  require(controller >= 0 && controller <= 2, "controller: ", controller, " is no such choice; give a value from 0 to 2");
  require(options.max_steps > 0, "max_steps: ", options.max_steps, " allows no step; give 1 or more");
}

double smallest_step(double t, double remaining) {
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  return std::max(16 * epsilon * std::abs(t),
                  epsilon * epsilon * remaining);  // t0 = 0 resolves any step, but not an f that is infinite there
}

double StepController::factor(double error) {
  constexpr double safety = 0.9, smallest = 0.2, largest = 5;
  if (!(error <= 1)) {
    rejected_ = true;
    return std::isfinite(error) ? std::clamp(safety * std::pow(error, -1 / error_order_), smallest, 1.0) : smallest;
  }
  struct Exponents {
    double newest, previous, before;
  };
  const auto exponents = kind_ == ControllerKind::i     ? Exponents{1, 0, 0}
                         : kind_ == ControllerKind::pid ? Exponents{0.58, 0.21, 0.1}
                                                        : Exponents{0.85, 0.2, 0};
  // A first step that happens to be far too short must not hold back the ones after the next (Hairer, Norsett & Wanner, DOPRI5).
  const double bounded = std::max(error, 1e-4);
  const double raw = safety * std::pow(bounded, -exponents.newest / error_order_) * std::pow(previous_, exponents.previous / error_order_) *
                     std::pow(before_previous_, -exponents.before / error_order_);
  before_previous_ = std::exchange(previous_, bounded);
  // The step after a rejection does not grow: the estimate that failed is still the best known one.
  return std::clamp(raw, smallest, std::exchange(rejected_, false) ? 1.0 : largest);
}

}  // namespace neuralode
