// What watches a solve while it runs: callbacks after steps, and an event that ends it.
#pragma once

#include <functional>

#include "gradients/solve.h"

namespace neuralode {

struct Observer {
  /// After each accepted step. number: 1, 2, ...; t: where it ended; h: its signed length; z: there, detached. Returns whether to stop.
  std::function<bool(std::int64_t number, double t, double h, const TensorList& z)> step;
  /// g(t, z), 0-dim floating point, on operators that autograd records. t: 0-dim, of z's dtype. The solve ends at its first change of sign.
  std::function<at::Tensor(const at::Tensor& t, const TensorList& z)> event;
  int direction = 0;  ///< of the change: -1 falling, 1 rising, 0 any
};

struct ObservedSolution {
  Solution solution;
  at::Tensor event_time;  ///< 0-dim, float64; undefined where no event occurred
};

/// As solve(problem). The sign of g is looked at where steps end; 0 at t0 is none. The event is where g of the step that ends there is 0 to
/// rounding: found inside the step, then by making the step again. Entries of t_eval beyond it are NaN. The states and the event's time are
/// differentiable with respect to what solve's states are, less t1, and to what g uses; the derivatives are those of the discrete solution,
/// whose last step ends on the event. Throws cancelled where the step callback stops, non_finite for g.
ObservedSolution solve(const Problem& problem, const Observer& observer);

/// Throws invalid_argument where the observer is empty or its direction none.
void check(const Observer& observer);
/// Throws invalid_argument where a valid observer needs what solves with these (valid) options do not have.
void check(const SolveOptions& options, const Observer& observer);

/// Calls the step callback, if there is one, for the last step of `grid`. Throws cancelled.
void tell_step(const Observer& observer, const Grid& grid, const std::function<TensorList()>& z);

/// g as a number, not recorded. Throws invalid_argument unless it is 0-dim, non_finite.
double event_value(const Observer& observer, double t, const TensorList& z);

}  // namespace neuralode
