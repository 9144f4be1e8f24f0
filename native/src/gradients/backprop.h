// Backpropagation through every step of a solve: the whole graph is kept. The oracle of the other methods.
#pragma once

#include "gradients/observer.h"

namespace neuralode {

/// The same steps as solve_with_node, made of libtorch operators that autograd records, times included; any order of derivative where no
/// event ends the solve. observer: may be null.
ObservedSolution solve_backprop(const Problem& problem, const Observer* observer);

}  // namespace neuralode
