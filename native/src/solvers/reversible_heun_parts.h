// The hidden state of the reversible Heun method, in its two parts.
#pragma once

#include "solvers/solver_state.h"

namespace neuralode {

/// yhat of SolverState::v, or its cotangent of that of v.
inline TensorList hats_of(const TensorList& v) { return {v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2)}; }
/// f, likewise.
inline TensorList slopes_of(const TensorList& v) { return {v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end()}; }

/// The state at t0. z0: kept; f0: copied.
SolverState heun_start(TensorList z0, const TensorList& f0);

}  // namespace neuralode
