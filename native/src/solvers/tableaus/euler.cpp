// Euler. Order 1, 1 stage, no embedded error. Euler 1768.
#include "solvers/tableau.h"

namespace neuralode::tableaus {

const Tableau& euler() {
  static const Tableau tableau{
      "euler", 1, 0, false,
      {0},
      {{}},
      {1},
      {}};
  return tableau;
}

}  // namespace neuralode::tableaus
