#include "gradients/observer.h"

#include <ATen/ATen.h>

#include <cmath>

#include "solvers/sweeps.h"

namespace neuralode {

void check(const Observer& observer) {
  require(observer.step || observer.event, "observer: has neither a step nor an event callback; give one of them, or solve without it");
  require(observer.direction >= -1 && observer.direction <= 1, "direction: ", observer.direction,
          " is no direction of an event; give -1 (falling), 0 (any) or 1 (rising)");
  require(observer.event || observer.direction == 0, "direction: ", observer.direction,
          " is used with an event callback alone; set it to 0");
}

void check(const SolveOptions& options, const Observer& observer) {
  check(observer);
  require(!options.per_sample, "per_sample: samples with steps of their own have no step in common to observe; set it to 0");
  if (!observer.event) return;
  require(options.solver != SolverKind::reversible_heun,
          "event: reversible-heun (10) has no states inside its steps to look for it; choose another solver");
  require(coupling_of(options) == 0, "event: coupled steps (coupling ", coupling_of(options),
          ") have no states inside them to look for it; choose another gradient method, such as pnode (6)");
}

void tell_step(const Observer& observer, const Grid& grid, const std::function<TensorList()>& z) {
  if (!observer.step) return;
  const auto number = static_cast<std::int64_t>(grid.steps.size());
  if (observer.step(number, grid.end, grid.steps.back().h, z()))
    fail(Status::cancelled, "cancelled: the step callback stopped the solve after step ", number, ", at t = ", grid.end);
}

double event_value(const Observer& observer, double t, const TensorList& z) {
  const at::NoGradGuard not_recording;
  const auto g = observer.event(time_tensor(t, z), z);
  require(g.defined() && g.dim() == 0 && g.is_floating_point(),
          "event: g(t, z) must be one floating-point number, a tensor without dimensions, not ",
          g.defined() ? text_of(g.scalar_type(), g.sizes()) : "undefined");
  const double value = g.item<double>();
  if (!std::isfinite(value)) fail(Status::non_finite, "event: g(t, z) is ", value, " at t = ", t, "; make it finite there");
  return value;
}

}  // namespace neuralode
