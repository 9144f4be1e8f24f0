// MALI: gradients of an ALF solve by a reverse sweep that reconstructs the states. Source: Zhuang et al. 2021, algorithm 4.
#pragma once

#include "gradients/solve.h"

namespace neuralode {

/// Kept between the sweeps: z0 (shared with the caller), the end state (z, v), the grid, and the snapshots that the options ask for. Gradients to z0, parameters, t0, t1 and t_eval; N fixed steps cost
/// N + 1 evaluations forward and N + 1 linearised evaluations backward. Backward throws when a parameter was changed in place
/// since; a second derivative throws. Dropout, running statistics, autocast and training mode are in the reverse sweep as they
/// were in the forward one. The reverse sweep measures its drift: docs/reversibility.md.
Solution solve_mali(const Problem& problem);

}  // namespace neuralode
