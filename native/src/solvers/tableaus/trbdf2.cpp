// TR-BDF2: a trapezoidal step to gamma h, then the backward difference formula of order 2. Order 2(3), 3 stages of which the first is
// explicit, L-stable. Bank et al. 1985; as a Runge-Kutta method with an error estimate: Hosea & Shampine 1996.
#include <cmath>

#include "solvers/implicit_tableau.h"

namespace neuralode::tableaus {

const ImplicitTableau& trbdf2() {
  static const double root = std::sqrt(2.0), gamma = 2 - root, d = gamma / 2, w = root / 4;
  static const ImplicitTableau tableau{
      {"trbdf2", 2, 3, false, {0, gamma, 1}, {{0}, {d, d}, {w, w, d}}, {w, w, d}, {w - (1 - w) / 3, w - (3 * w + 1) / 3, d - d / 3}}, {}};
  return tableau;
}

}  // namespace neuralode::tableaus
