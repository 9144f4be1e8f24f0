// The implicit trapezoidal rule. Order 2, 2 stages of which the first is explicit, A-stable. Crank & Nicolson 1947.
#include "solvers/implicit_tableau.h"

namespace neuralode::tableaus {

const ImplicitTableau& crank_nicolson() {
  static const ImplicitTableau tableau{{"crank-nicolson", 2, 0, false, {0, 1}, {{0}, {0.5, 0.5}}, {0.5, 0.5}, {}}, {}};
  return tableau;
}

}  // namespace neuralode::tableaus
