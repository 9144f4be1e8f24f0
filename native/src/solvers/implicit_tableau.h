// Butcher tableaus of the diagonally implicit Runge-Kutta methods, and of pairs with an explicit method for split dynamics (IMEX).
//   z_i = z + h sum over j <= i of a[i][j] k_j + h sum over j < i of explicit_a[i][j] l_j;   k_i, l_i = implicit and explicit part of f(t +
//   c[i] h, z_i) z' = z + h sum of b[i] (k_i + l_i);   error = h sum of error[i] (k_i + l_i)
// Stiffly accurate: a.back() == b, so that z' is the last stage where f is not split.
#pragma once

#include "solvers/tableau.h"

namespace neuralode {

struct ImplicitTableau : Tableau {              ///< row i of a has i + 1 entries; those on the diagonal are 0 or gamma()
  std::vector<std::vector<double>> explicit_a;  ///< row i has i entries; empty without an explicit method

  double gamma() const { return a.back().back(); }
};

/// solver: implicit.
const ImplicitTableau& implicit_tableau_of(SolverKind solver);

namespace tableaus {
const ImplicitTableau& backward_euler();
const ImplicitTableau& crank_nicolson();
const ImplicitTableau& trbdf2();
const ImplicitTableau& kencarp3();
}  // namespace tableaus

}  // namespace neuralode
