#include "solvers/drive.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace neuralode {

namespace {

class Drive {
 public:
  Drive(Stepper& stepper, double t0, const StepSizeOptions& options, Grid& grid, const AfterStep& after_step)
      : stepper_(stepper),
        options_(options),
        controller_(options.controller, stepper.error_order()),
        grid_(grid),
        after_step_(after_step),
        t_(t0) {
    grid_.end = t0;
  }

  /// Returns whether to go on.
  bool to(double landing, std::int64_t index) {
    if (landing != t_ && !(options_.step_size > 0 ? fixed(landing, index) : adaptive(landing, index))) return false;
    stepper_.land(index);
    return true;
  }

  void choose_first_step(double span) {
    suggested_ =
        options_.initial_step_size > 0 ? options_.initial_step_size : stepper_.initial_step_size(options_.rtol, options_.atol, span);
  }

 private:
  bool fixed(double landing, std::int64_t index) {
    const double start = t_, h = std::copysign(options_.step_size, landing - start);
    const double steps = fixed_step_count(start, landing, options_.step_size);
    if (steps > static_cast<double>(options_.max_steps))
      fail(Status::step_limit, "max_steps: ", options_.max_steps, " steps are not enough: ", steps, " steps of ", options_.step_size,
           " are needed from t = ", start, " to ", landing, "; raise max_steps or use longer steps");
    const auto count = static_cast<std::int64_t>(steps);
    for (std::int64_t i = 0; i < count; ++i) {
      const bool last = i + 1 == count;
      const double t = start + static_cast<double>(i) * h;
      step(t, last ? landing - t : h, last ? index : -1);
      grid_.end = last ? landing : t + h;
      if (after_step_ && !after_step_(grid_)) return false;
    }
    t_ = landing;
    return true;
  }

  bool adaptive(double landing, std::int64_t index) {
    const double sign = landing > t_ ? 1 : -1;
    while (t_ != landing) {
      const double remaining = std::abs(landing - t_);
      const bool lands = suggested_ >= remaining * (1 - 1e-3);  // no sliver of a step before a landing
      const double length = lands ? remaining : suggested_;
      check_resolvable(length, remaining);
      attempts_ += 1;
      if (attempts_ > options_.max_steps) limit(t_);
      const auto evaluation = stepper_.attempt(t_, sign * length, lands ? index : -1);
      const double error = stepper_.error(options_.rtol, options_.atol);
      const double next = length * controller_.factor(error);
      if (!(error <= 1)) {
        suggested_ = next;
        grid_.rejected += 1;
        continue;
      }
      grid_.steps.push_back({t_, sign * length, evaluation, lands ? index : -1, stepper_.start_evaluation(), stepper_.start_time()});
      stepper_.accept();
      t_ = grid_.end = lands ? landing : t_ + sign * length;
      suggested_ = lands ? std::max(suggested_, next) : next;  // a step cut short by a landing says nothing against longer ones
      if (after_step_ && !after_step_(grid_)) return false;
    }
    return true;
  }

  void step(double t, double h, std::int64_t landing) {
    attempts_ += 1;
    if (attempts_ > options_.max_steps) limit(t);
    const auto evaluation = stepper_.attempt(t, h, landing);
    stepper_.require_acceptable();
    grid_.steps.push_back({t, h, evaluation, landing, stepper_.start_evaluation(), stepper_.start_time()});
    stepper_.accept();
  }

  void check_resolvable(double length, double remaining) const {
    const double smallest = smallest_step(t_, remaining);
    if (length >= smallest || length >= remaining) return;
    if (attempts_ > 0) stepper_.require_acceptable();
    fail(Status::step_size_underflow, "step-size underflow at t = ", t_, ", step ", grid_.steps.size() + 1,
         ": the tolerances rtol = ", options_.rtol, ", atol = ", options_.atol, " ask for a step of ", length,
         ", below what t can resolve; loosen them, or check f for a discontinuity or infinite values there");
  }

  [[noreturn]] void limit(double t) const {
    fail(Status::step_limit, "max_steps: ", options_.max_steps, " steps are not enough (stopped at t = ", t, ", ", grid_.steps.size(),
         " accepted, ", grid_.rejected, " rejected); raise max_steps, or ",
         options_.step_size > 0 ? "use longer steps" : "loosen the tolerances, or take an implicit solver, such as trbdf2, if f is stiff");
  }

  Stepper& stepper_;
  const StepSizeOptions& options_;
  StepController controller_;
  Grid& grid_;
  const AfterStep& after_step_;
  double t_;
  double suggested_ = 0;
  std::int64_t attempts_ = 0;
};

}  // namespace

double fixed_step_count(double start, double landing, double step_size) {
  return landing == start ? 0 : std::max(1.0, std::ceil(std::abs(landing - start) / step_size - 1e-9));
}

TensorList Stepper::interpolated(double) { fail(Status::unsupported, "this solver has no states inside its steps"); }

void Stepper::retract() { fail(Status::unsupported, "this solver cannot take a step back"); }

void drive(Stepper& stepper, double t0, const std::vector<double>& landings, const StepSizeOptions& options, Grid& grid,
           const AfterStep& after_step) {
  Drive drive(stepper, t0, options, grid, after_step);
  if (options.step_size == 0) drive.choose_first_step(std::abs(landings.back() - t0));
  bool going = true;
  for (std::size_t i = 0; i < landings.size() && going; ++i) going = drive.to(landings[i], static_cast<std::int64_t>(i));
  stepper.finish(grid);
}

}  // namespace neuralode
