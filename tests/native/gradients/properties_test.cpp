// Properties of stepping and undoing, on random problems.
#include <gtest/gtest.h>

#include <random>

#include "solvers/alf.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

/// An initial value problem drawn from a seed: eta, h, N, dtype, shapes, tuple or not, f linear, tanh or depending on t.
struct Drawn {
  explicit Drawn(int seed) : engine(static_cast<unsigned>(seed)) {
    dtype = integer(0, 1) ? at::kDouble : at::kFloat;
    do eta = real(0.05, 1);
    while (std::abs(eta - 0.5) < 0.02);
    if (integer(0, 2) == 0) eta = 1;
    steps = integer(1, 25);
    h = real(0.001, 0.15) * (integer(0, 1) ? 1 : -1);
    const auto parts = integer(1, 3);
    for (int i = 0; i < parts; ++i) z0.push_back(wave({integer(1, 4), integer(1, 5)}, real(0, 6), real(0.1, 2), dtype));
    const auto kind = integer(0, 2);
    // |df/dz| <= lipschitz in the largest norm; the scalar parameter is the slope itself.
    lipschitz = real(0.1, 3);
    slope = at::full({}, lipschitz, dtype).requires_grad_();
    f = dynamics(
        [kind, slope = slope](const at::Tensor& t, const TensorList& z) {
          TensorList u;
          for (const auto& part : z) u.push_back(kind == 0 ? -slope * part : kind == 1 ? (slope * part).tanh() : slope * (part + t).sin());
          return u;
        },
        {slope});
  }

  int integer(int first, int last) { return std::uniform_int_distribution<int>(first, last)(engine); }
  double real(double from, double to) { return std::uniform_real_distribution<double>(from, to)(engine); }

  Ode ode() const { return {f, z0, 0.3, 0.3 + h * steps}; }
  SolveOptions options(GradientKind gradient = GradientKind::mali) const {
    auto result = fixed_steps(std::abs(h), eta, gradient);
    if (undoes_steps(gradient)) result.drift_tolerance = 1e30;  // the bounds are checked here
    return result;
  }
  double epsilon() const { return dtype == at::kDouble ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon(); }

  /// What N inverse steps may be off, relative to values of size 1. A step and its inverse make about ten roundings. Undone, an error in v
  /// grows by 1 / |1 - 2 eta|; it enters k with h/2 and through k the next u with 2 eta L |h| / 2 at most on both sides: 1 + 2 |h| L a
  /// step.
  double bound() const {
    return 20 * epsilon() * (steps + 1) * std::pow((1 + 2 * std::abs(h) * lipschitz) / std::abs(1 - 2 * eta), steps) * (1 + lipschitz) *
           std::max(1.0, std::abs(h) * steps);
  }

  std::mt19937 engine;
  at::ScalarType dtype;
  double eta, h, lipschitz;
  int steps;
  TensorList z0;
  at::Tensor slope;
  std::shared_ptr<Dynamics> f;
};

class RandomProblem : public ::testing::TestWithParam<int> {};

TEST_P(RandomProblem, TheInverseOfStepsRestoresTheStateWithinTheBound) {
  Drawn drawn(GetParam());
  auto options = drawn.options();
  options.snapshots = SnapshotKind::none;
  EXPECT_LE(differentiate(drawn.ode(), options).statistics.reconstruction_error, drawn.bound());
}

TEST_P(RandomProblem, ExactStepsAreUndoneToTheBit) {
  Drawn drawn(GetParam());
  drawn.eta = 1;
  auto options = drawn.options();
  options.reversal = ReversalKind::exact;
  EXPECT_EQ(differentiate(drawn.ode(), options).statistics.reconstruction_error, 0);
}

TEST_P(RandomProblem, GradientsEqualBackpropsWithinTheBound) {
  Drawn drawn(GetParam());
  const auto backprop = differentiate(drawn.ode(), drawn.options(GradientKind::backprop));
  const auto difference = [&](const SolveOptions& options) { return gap(differentiate(drawn.ode(), options), backprop); };
  // An error in the states reaches a gradient through the second derivative of f, over all steps, and the loss sums up to 20 elements.
  const double carried = 100 * (1 + drawn.lipschitz) * std::exp(drawn.lipschitz * std::abs(drawn.h) * drawn.steps);
  auto options = drawn.options();
  options.snapshots = SnapshotKind::none;
  EXPECT_LE(difference(options), carried * drawn.bound());
  options.snapshots = SnapshotKind::every;
  options.snapshot_interval = 1;
  const double single_step = drawn.bound() / std::pow(1 / std::abs(1 - 2 * drawn.eta), drawn.steps);
  EXPECT_LE(difference(options), carried * single_step);
  if (drawn.eta == 1) {
    options = drawn.options();
    options.reversal = ReversalKind::exact;
    EXPECT_LE(difference(options), carried * single_step);
  }
}

TEST_P(RandomProblem, AutomaticSnapshotsKeepTheDriftWithinTheTolerance) {
  Drawn drawn(GetParam());
  auto options = drawn.options();
  options.drift_tolerance = 20 * std::sqrt(drawn.epsilon());
  EXPECT_LE(differentiate(drawn.ode(), options).statistics.reconstruction_error, options.drift_tolerance);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomProblem, ::testing::Range(0, 60));

}  // namespace
}  // namespace neuralode::testing
