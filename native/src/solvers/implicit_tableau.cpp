#include "solvers/implicit_tableau.h"

#include "core/error.h"

namespace neuralode {

const ImplicitTableau& implicit_tableau_of(SolverKind solver) {
  switch (solver) {
    case SolverKind::backward_euler:
      return tableaus::backward_euler();
    case SolverKind::crank_nicolson:
      return tableaus::crank_nicolson();
    case SolverKind::trbdf2:
      return tableaus::trbdf2();
    case SolverKind::kencarp3:
      return tableaus::kencarp3();
    default:
      break;
  }
  fail(Status::invalid_argument, "solver: ", static_cast<int>(solver), " has no implicit tableau");
}

}  // namespace neuralode
