#include "solvers/tableau.h"

#include "core/error.h"

namespace neuralode {

const Tableau& tableau_of(SolverKind solver) {
  switch (solver) {
    case SolverKind::euler: return tableaus::euler();
    case SolverKind::midpoint: return tableaus::midpoint();
    case SolverKind::heun: return tableaus::heun();
    case SolverKind::heun_euler: return tableaus::heun_euler();
    case SolverKind::bosh3: return tableaus::bosh3();
    case SolverKind::rk4: return tableaus::rk4();
    case SolverKind::dopri5: return tableaus::dopri5();
    case SolverKind::tsit5: return tableaus::tsit5();
    case SolverKind::dopri8: return tableaus::dopri8();
    default: break;
  }
  fail(Status::invalid_argument, "solver: ", static_cast<int>(solver), " has no Butcher tableau");
}

}  // namespace neuralode
