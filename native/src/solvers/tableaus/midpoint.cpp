// Explicit midpoint. Order 2, 2 stages, no embedded error. Runge 1895.
#include "solvers/tableau.h"

namespace neuralode::tableaus {

const Tableau& midpoint() {
  static const Tableau tableau{
      "midpoint", 2, 0, false,
      {0, 0.5},
      {{}, {0.5}},
      {0, 1},
      {}};
  return tableau;
}

}  // namespace neuralode::tableaus
