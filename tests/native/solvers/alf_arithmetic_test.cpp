#include "solvers/alf_arithmetic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

SolverState state_of(double z, double v) { return {{at::full({3}, z, at::kDouble)}, {at::full({3}, v, at::kDouble)}}; }

TEST(FloatAlfDrift, IsRelativeToTheLargestElement) {
  const auto arithmetic = make_float_alf(1, 0.25);
  auto apart = state_of(2, 4);
  apart.z[0][1] += 0.02;
  EXPECT_NEAR(arithmetic->drift(apart, state_of(2, 4)), 0.01, 1e-15);
  apart = state_of(2, 4);
  apart.v[0][2] -= 0.2;
  EXPECT_NEAR(arithmetic->drift(apart, state_of(2, 4)), 0.025, 1e-15);  // of 2 / 0.25
  EXPECT_EQ(arithmetic->drift(state_of(2, 4), state_of(2, 4)), 0);
}

TEST(FloatAlfDrift, OfASmallTensorIsNotHiddenByALargeOneBesideIt) {
  const auto arithmetic = make_float_alf(1, 1);
  const SolverState known{{at::full({1}, 1e6, at::kDouble), at::full({1}, 1.0, at::kDouble)},
                          {at::zeros({1}, at::kDouble), at::zeros({1}, at::kDouble)}};
  auto apart = copy_of(known);
  apart.z[1] += 0.5;
  EXPECT_NEAR(arithmetic->drift(apart, known), 0.5, 1e-15);
}

TEST(FloatAlfDrift, OfAVelocityNearRestIsMeasuredByTheWayThatItWouldGoAndTheOtherWayRound) {
  // At rest v has no size of its own: 1e-3 over a span of 10 moves z = 2 by half a per cent.
  EXPECT_NEAR(make_float_alf(1, 10)->drift(state_of(2, 1e-3), state_of(2, 0)), 0.005, 1e-15);
  // At 0 z has none: with v = 1e5 it goes 1e5 in a unit of time.
  EXPECT_NEAR(make_float_alf(1, 1)->drift(state_of(0.01, 1e5), state_of(0, 1e5)), 1e-7, 1e-20);
}

TEST(FloatAlfDrift, OfAStateThatIsNotFiniteIsInfinite) {
  const auto arithmetic = make_float_alf(1, 1);
  for (const double bad : {double(NAN), double(INFINITY)}) {
    EXPECT_EQ(arithmetic->drift(state_of(bad, 1), state_of(1, 1)), INFINITY);
    EXPECT_EQ(arithmetic->drift(state_of(1, bad), state_of(1, 1)), INFINITY);
  }
}

TEST(FloatAlf, AmplifiesByTheInverseOfTheDamping) {
  EXPECT_EQ(make_float_alf(1, 1)->log_amplification(), 0);
  EXPECT_NEAR(make_float_alf(0.9, 1)->log_amplification(), std::log(1.25), 1e-15);
  EXPECT_NEAR(make_float_alf(0.2, 1)->log_amplification(), std::log(1 / 0.6), 1e-15);
}

TEST(Lattice, HasPowersOfTwoBelowTheScaleOfTheData) {
  const auto lattice = choose_lattice({at::full({2}, 3.0, at::kDouble), at::full({2}, 3.0, at::kFloat)},
                                      {at::full({2}, 5.0, at::kDouble), at::full({2}, 5.0, at::kFloat)}, 1);
  EXPECT_EQ(lattice.quantum_z, (std::vector<double>{std::ldexp(4, -48), std::ldexp(4, -40)}));
  EXPECT_EQ(lattice.quantum_v, (std::vector<double>{std::ldexp(8, -48), std::ldexp(8, -40)}));
}

TEST(Lattice, TakesItsScaleFromTheWayWhereZ0SaysNothing) {
  const auto zeros = at::zeros({2}, at::kDouble);
  EXPECT_EQ(choose_lattice({zeros}, {at::full({2}, 5.0, at::kDouble)}, 2).quantum_z[0], std::ldexp(16, -48));
  const auto resting = choose_lattice({zeros}, {zeros}, 0);
  EXPECT_EQ(resting.quantum_z[0], std::ldexp(1, -48));
  EXPECT_EQ(resting.quantum_v[0], std::ldexp(1, -48));
  // A state at rest at 0 takes its scale from its companions.
  EXPECT_EQ(choose_lattice({zeros, at::full({1}, 100.0, at::kDouble)}, {zeros, at::zeros({1}, at::kDouble)}, 1).quantum_z[0],
            std::ldexp(128, -48));
}

TEST(Lattice, OfTheSmallestNumbersIsStillALattice) {
  const auto lattice = choose_lattice({at::full({1}, 1e-308, at::kDouble)}, {at::full({1}, 1e-308, at::kDouble)}, 1e-3);
  EXPECT_GT(lattice.quantum_z[0], 0);
  EXPECT_GT(lattice.quantum_v[0], 0);
}

TEST(LatticeAlf, DriftOfOneQuantumIsNotZero) {
  Lattice lattice;
  const auto arithmetic = make_lattice_alf(lattice, 1);
  const auto start = arithmetic->start({wave({4}, 0, 1, at::kFloat)}, {wave({4}, 1, 1, at::kFloat)});
  EXPECT_EQ(arithmetic->drift(start, start), 0);
  auto apart = copy_of(start);
  apart.z[0][3] += 1;
  EXPECT_GT(arithmetic->drift(apart, start), 0);
  EXPECT_LT(arithmetic->drift(apart, start), 1e-11);
  apart = copy_of(start);
  apart.v[0][0] -= 1;
  EXPECT_GT(arithmetic->drift(apart, start), 0);
}

}  // namespace
}  // namespace neuralode::testing
