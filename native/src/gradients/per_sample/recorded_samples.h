// Steps per sample on operators that autograd records, times included: the oracle of the other gradient methods.
#pragma once

#include "gradients/solve.h"

namespace neuralode {

/// The solve of the gradient method backprop where options.per_sample.
Solution solve_backprop_samples(const Problem& problem);

/// steps_accepted and steps_rejected of a grid with steps per sample: totals over the samples.
void count_sample_steps(const Grid& grid, Statistics& statistics);

}  // namespace neuralode
