// A solve as one node of the autograd graph, whose backward is the reverse sweep of the gradient method.
#pragma once

#include "gradients/observer.h"

namespace neuralode {

/// options.gradient: all but backprop. Kept between the sweeps: z0 (shared with the caller), the grid, and what the method needs: mali and
/// reversible the end state with its hidden part and the snapshots that the options ask for, aca, anode and pnode states on the way,
/// adjoint the outputs. Gradients to z0, parameters, t0, t1 and t_eval. Backward throws when a parameter was changed in place since; a
/// second derivative throws. Dropout (not in adjoint), running statistics, autocast and training mode are in the reverse sweep as they were
/// in the forward one. observer: may be null.
ObservedSolution solve_with_node(const Problem& problem, const Observer* observer);

}  // namespace neuralode
