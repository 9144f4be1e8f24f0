// The solvers by number; the values are those of neuralode_solver.
#pragma once

#include <cstdint>

namespace neuralode {

enum class SolverKind : std::int32_t {
  alf,
  euler,
  midpoint,
  heun,
  heun_euler,
  bosh3,
  rk4,
  dopri5,
  tsit5,
  dopri8,
  reversible_heun,
  backward_euler,
  crank_nicolson,
  trbdf2,
  kencarp3
};
constexpr int solver_count = 15;

struct SolverTraits {
  const char* name;
  int order;        ///< of alf with eta = 1
  int error_order;  ///< of the error estimate in h; 0 without one
  bool implicit;    ///< solves equations in each step
};

const SolverTraits& traits_of(SolverKind solver);

}  // namespace neuralode
