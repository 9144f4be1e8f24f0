// The solvers by number; the values are those of neuralode_solver.
#pragma once

#include <cstdint>

namespace neuralode {

enum class SolverKind : std::int32_t { alf, euler, midpoint, heun, heun_euler, bosh3, rk4, dopri5, tsit5, dopri8 };

}  // namespace neuralode
