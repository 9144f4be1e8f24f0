// The implicit Euler rule. Order 1, 1 stage, L-stable.
#include "solvers/implicit_tableau.h"

namespace neuralode::tableaus {

const ImplicitTableau& backward_euler() {
  static const ImplicitTableau tableau{{"backward-euler", 1, 0, false, {1}, {{1}}, {1}, {}}, {}};
  return tableau;
}

}  // namespace neuralode::tableaus
