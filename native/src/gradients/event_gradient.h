// Derivatives of a solve that ended on an event, by the implicit function theorem.
//   S(t1): the discrete solution whose last step ends at t1;  g(t, S(t)) = 0 at t = t*;  for a loss L(Y, t*), Y: the states given out:
//   lambda = -(a_t* + <a_Y, dY/dt1>) / (dg/dt + <dg/dz, dS/dt1>)
// is the cotangent of g, whose pullback reaches S(t*), where it joins a_Y, and what else g uses.
#pragma once

#include <functional>

#include "gradients/observer.h"

namespace neuralode {

/// <cotangents, dY/dt1>; cotangents: one a state, of Y's shapes; undefined is zero.
using EndTimeDerivative = std::function<double(const TensorList& cotangents)>;

/// states: as solved with t1 = t, a constant; where t_eval was given, their last row is the state at t. They get a graph through the event
/// where they have one already or g has one of its own. Throws invalid_argument where g is not recorded.
ObservedSolution through_event(const Problem& problem, const Observer& observer, Solution solution, double t,
                               EndTimeDerivative end_time_derivative);

/// The outputs that were asked for: without the last row where t_eval was given.
void drop_end(const Problem& problem, TensorList& states);

/// The state at the end, from the same form.
TensorList end_of(const Problem& problem, const TensorList& states);

/// Whether g uses something that requires gradients, z and t apart.
bool has_graph_of_its_own(const Observer& observer, double t, const TensorList& z);

}  // namespace neuralode
