#include "solvers/tableau.h"

#include <array>

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

const Tableau& dense_tableau_of(SolverKind solver) {
  static const auto all = [] {
    std::array<Tableau, static_cast<std::size_t>(SolverKind::dopri8) + 1> tableaus;
    for (auto i = static_cast<std::size_t>(SolverKind::euler); i < tableaus.size(); ++i)
      tableaus[i] = with_interpolant(tableau_of(static_cast<SolverKind>(i)));
    return tableaus;
  }();
  tableau_of(solver);  // throws for another one
  return all[static_cast<std::size_t>(solver)];
}

Tableau with_interpolant(Tableau tableau) {
  if (!tableau.fsal) {
    tableau.fsal = true;
    tableau.c.push_back(1);
    tableau.a.push_back(tableau.b);
    tableau.b.push_back(0);
    if (!tableau.error.empty()) tableau.error.push_back(0);
  }
  if (tableau.interpolant.empty()) tableau.interpolant = hermite_interpolant(tableau.b);
  return tableau;
}

bool closes_late(const Tableau& tableau) { return tableau.fsal && (tableau.error.empty() || tableau.error.back() == 0); }

}  // namespace neuralode
