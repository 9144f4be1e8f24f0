// Dormand-Prince. Order 5(4), 7 stages, FSAL. Dormand & Prince 1980.
// Inside a step: order 4, Hermite's interpolant + theta^2 (1 - theta)^2 h sum of d_i k_i. Shampine 1986, as in Hairer's DOPRI5.
#include "solvers/tableau.h"

namespace neuralode::tableaus {

namespace {

Interpolant interpolant(const std::vector<double>& b) {
  const double d[] = {-12715105075.0 / 11282082432,  0,
                      87487479700.0 / 32700410799,   -10690763975.0 / 1880347072,
                      701980252875.0 / 199316789632, -1453857185.0 / 822651844,
                      69997945.0 / 29380423};
  auto polynomials = hermite_interpolant(b);
  for (std::size_t i = 0; i < polynomials.size(); ++i) {
    auto& polynomial = polynomials[i];
    polynomial.push_back(d[i]);
    polynomial[2] -= 2 * d[i];
    polynomial[1] += d[i];
  }
  return polynomials;
}

}  // namespace

const Tableau& dopri5() {
  static const std::vector<double> b{35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0};
  static const Tableau tableau{
      "dopri5", 5, 5, true,
      {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1},
      {{},
       {1.0 / 5},
       {3.0 / 40, 9.0 / 40},
       {44.0 / 45, -56.0 / 15, 32.0 / 9},
       {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
       {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
       {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}},
      b,
      {71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40},
      interpolant(b)};
  return tableau;
}

}  // namespace neuralode::tableaus
