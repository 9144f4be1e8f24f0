// States inside a step, from what the step computed anyway.
#pragma once

#include <vector>

namespace neuralode {

/// Of a Runge-Kutta step, 0 <= theta <= 1: z(t + theta h) = z + h sum of b_i(theta) k_i with b_i(theta) = sum over m of
/// polynomials[i][m] theta^(m + 1); one polynomial a stage, all of one length.
using Interpolant = std::vector<std::vector<double>>;

/// All b_i(theta).
std::vector<double> weights_at(const Interpolant& polynomials, double theta);
/// All db_i/dtheta.
std::vector<double> slopes_at(const Interpolant& polynomials, double theta);

/// The weights of z, h v, z', h v' in cubic Hermite interpolation between (z, v) and (z', v'), v = dz/dt; of local order 4.
struct HermiteWeights {
  double z, v, z_next, v_next;
};
HermiteWeights hermite_at(double theta);
/// Their derivatives to theta.
HermiteWeights hermite_slopes_at(double theta);

/// Hermite's interpolant of a method whose first stage is f(t, z) and whose last, of weight 0 in b, is f(t + h, z').
Interpolant hermite_interpolant(const std::vector<double>& b);

}  // namespace neuralode
