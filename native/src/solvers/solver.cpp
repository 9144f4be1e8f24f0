#include "solvers/solver.h"

#include "solvers/alf.h"
#include "solvers/runge_kutta.h"

namespace neuralode {

std::unique_ptr<Solver> make_solver(const SolverChoice& choice, Lattice& lattice, double span) {
  if (choice.kind == SolverKind::alf)
    return make_alf_solver(choice.exact ? make_lattice_alf(lattice, span) : make_float_alf(choice.eta, span), choice.eta);
  return make_rk_solver(choice.interpolating ? dense_tableau_of(choice.kind) : tableau_of(choice.kind));
}

}  // namespace neuralode
