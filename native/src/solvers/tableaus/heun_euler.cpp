// Heun with Euler embedded. Order 2(1), 2 stages. Hairer, Norsett & Wanner, Solving ODEs I, II.4.
#include "solvers/tableau.h"

namespace neuralode::tableaus {

const Tableau& heun_euler() {
  static const Tableau tableau{
      "heun-euler", 2, 2, false,
      {0, 1},
      {{}, {1}},
      {0.5, 0.5},
      {-0.5, 0.5}};
  return tableau;
}

}  // namespace neuralode::tableaus
