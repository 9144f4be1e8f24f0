#include "solvers/solver.h"

#include "solvers/alf.h"
#include "solvers/implicit_runge_kutta.h"
#include "solvers/runge_kutta.h"

namespace neuralode {

std::unique_ptr<Solver> make_solver(const SolverChoice& choice, Lattice& lattice, double span) {
  if (choice.kind == SolverKind::alf)
    return make_alf_solver(choice.exact ? make_lattice_alf(lattice, span) : make_float_alf(choice.eta, span), choice.eta);
  if (traits_of(choice.kind).implicit) return make_implicit_solver(implicit_tableau_of(choice.kind), choice.newton);
  return make_rk_solver(tableau_of(choice.kind));
}

}  // namespace neuralode
