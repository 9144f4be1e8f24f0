#include "solvers/interpolant.h"

namespace neuralode {

std::vector<double> weights_at(const Interpolant& polynomials, double theta) {
  std::vector<double> weights;
  for (const auto& polynomial : polynomials) {
    double weight = 0;
    for (auto m = polynomial.size(); m-- > 0;) weight = theta * (polynomial[m] + weight);
    weights.push_back(weight);
  }
  return weights;
}

std::vector<double> slopes_at(const Interpolant& polynomials, double theta) {
  std::vector<double> slopes;
  for (const auto& polynomial : polynomials) {
    double slope = 0;
    for (auto m = polynomial.size(); m-- > 0;) slope = theta * slope + static_cast<double>(m + 1) * polynomial[m];
    slopes.push_back(slope);
  }
  return slopes;
}

HermiteWeights hermite_at(double theta) {
  const double rise = theta * theta * (3 - 2 * theta), rest = 1 - theta;
  return {1 - rise, theta * rest * rest, rise, -theta * theta * rest};
}

HermiteWeights hermite_slopes_at(double theta) {
  const double rise = 6 * theta * (1 - theta);
  return {-rise, (1 - theta) * (1 - 3 * theta), rise, theta * (3 * theta - 2)};
}

Interpolant hermite_interpolant(const std::vector<double>& b) {
  Interpolant polynomials;
  for (const double weight : b) polynomials.push_back({0, 3 * weight, -2 * weight});
  const auto add = [](std::vector<double>& polynomial, const std::vector<double>& other) {
    for (std::size_t m = 0; m < other.size(); ++m) polynomial[m] += other[m];
  };
  add(polynomials.front(), {1, -2, 1});
  add(polynomials.back(), {0, -1, 1});
  return polynomials;
}

}  // namespace neuralode
