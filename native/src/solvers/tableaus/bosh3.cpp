// Bogacki-Shampine. Order 3(2), 4 stages, FSAL. Bogacki & Shampine 1989.
#include "solvers/tableau.h"

namespace neuralode::tableaus {

const Tableau& bosh3() {
  static const Tableau tableau{
      "bosh3", 3, 3, true,
      {0, 0.5, 0.75, 1},
      {{}, {0.5}, {0, 0.75}, {2.0 / 9, 1.0 / 3, 4.0 / 9}},
      {2.0 / 9, 1.0 / 3, 4.0 / 9, 0},
      {2.0 / 9 - 7.0 / 24, 1.0 / 3 - 1.0 / 4, 4.0 / 9 - 1.0 / 3, -1.0 / 8}};
  return tableau;
}

}  // namespace neuralode::tableaus
