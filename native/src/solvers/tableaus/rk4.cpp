// The classical Runge-Kutta method. Order 4, 4 stages, no embedded error. Kutta 1901.
#include "solvers/tableau.h"

namespace neuralode::tableaus {

const Tableau& rk4() {
  static const Tableau tableau{
      "rk4", 4, 0, false,
      {0, 0.5, 0.5, 1},
      {{}, {0.5}, {0, 0.5}, {0, 0, 1}},
      {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6},
      {}};
  return tableau;
}

}  // namespace neuralode::tableaus
