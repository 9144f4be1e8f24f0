#include "solvers/solver_kind.h"

namespace neuralode {

const SolverTraits& traits_of(SolverKind solver) {
  static const SolverTraits traits[solver_count] = {
      {"alf", 2, 2, false},
      {"euler", 1, 0, false},
      {"midpoint", 2, 0, false},
      {"heun", 2, 0, false},
      {"heun-euler", 2, 2, false},
      {"bosh3", 3, 3, false},
      {"rk4", 4, 0, false},
      {"dopri5", 5, 5, false},
      {"tsit5", 5, 5, false},
      {"dopri8", 8, 8, false},
      {"reversible-heun", 2, 2, false},
      {"backward-euler", 1, 0, true},
      {"crank-nicolson", 2, 0, true},
      {"trbdf2", 2, 3, true},
      {"kencarp3", 3, 3, true},
  };
  return traits[static_cast<int>(solver)];
}

}  // namespace neuralode
