// Heun, the explicit trapezoidal rule. Order 2, 2 stages, no embedded error. Heun 1900.
#include "solvers/tableau.h"

namespace neuralode::tableaus {

const Tableau& heun() {
  static const Tableau tableau{
      "heun", 2, 0, false,
      {0, 1},
      {{}, {1}},
      {0.5, 0.5},
      {}};
  return tableau;
}

}  // namespace neuralode::tableaus
