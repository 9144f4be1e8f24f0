// Reversible solvers with every gradient method, against backprop through the same steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "solvers/tableau.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

// float64; some hundred evaluations of slope near 1, the reconstructed states off by rounding over c^steps.
constexpr double tolerance = 1e-9;

/// coupling 0: of a solver that is reversible by itself.
struct Reversible {
  SolverKind solver;
  double coupling;
};

constexpr Reversible methods[] = {{SolverKind::euler, 0.999},      {SolverKind::midpoint, 0.999}, {SolverKind::heun, 0.9},
                                  {SolverKind::heun_euler, 0.999}, {SolverKind::bosh3, 0.999},    {SolverKind::rk4, 1},
                                  {SolverKind::dopri5, 0.99},      {SolverKind::tsit5, 0.999},    {SolverKind::dopri8, 0.999},
                                  {SolverKind::reversible_heun, 0}};

bool is_adaptive(const Reversible& method) { return traits_of(method.solver).error_order > 0; }

std::string name_of(const Reversible& method) {
  std::string name = traits_of(method.solver).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

SolveOptions with(const Reversible& method, SolveOptions options, GradientKind gradient, std::int64_t checkpoints = 0) {
  options.solver = method.solver;
  options.coupling = method.coupling;
  options.gradient = gradient;
  options.checkpoints = checkpoints;
  return options;
}

struct Case {
  Reversible method;
  GradientKind gradient;
  std::int64_t checkpoints;
};

class ReversibleGradient : public ::testing::TestWithParam<Case> {
 protected:
  static void expect_backprops(const Ode& ode, const SolveOptions& steps) {
    const auto& [method, gradient, checkpoints] = GetParam();
    const auto found = differentiate(ode, with(method, steps, gradient, checkpoints));
    const auto expected = differentiate(ode, with(method, steps, GradientKind::backprop));
    EXPECT_EQ(found.statistics.steps_accepted, expected.statistics.steps_accepted);
    EXPECT_EQ(found.statistics.nfe_forward, expected.statistics.nfe_forward);
    EXPECT_LE(gap(found, expected), tolerance);
    if (gradient == GradientKind::reversible) {
      EXPECT_LE(found.statistics.reconstruction_error, 1e-12);
    }
  }
};

TEST_P(ReversibleGradient, EqualsBackpropsOnAFixedGridThatDoesNotDivide) {
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0.2, 1.3}, fixed_steps(0.15));
}

TEST_P(ReversibleGradient, EqualsBackpropsOnTrajectoriesOfTuplesBackwardInTime) {
  const Mlp mlp;
  const auto f = dynamics(
      [mlp](const at::Tensor& t, const TensorList& z) {
        return TensorList{mlp(t, z[0]) + z[1].sum(), z[0].sum() * t - z[1]};
      },
      mlp.parameters());
  expect_backprops({f, {wave({3, 4}), wave({2}, 1)}, 1, -0.4, {1, 0.55, 0.1, -0.4}}, fixed_steps(0.2));
}

TEST_P(ReversibleGradient, EqualsBackpropsOnAdaptiveSteps) {
  if (!is_adaptive(GetParam().method)) return;
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0, 2, {0.7, 2}}, adaptive_steps(1e-4, 1e-6));
}

TEST_P(ReversibleGradient, EqualsBackpropsWhereEveryStepLands) {
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0, 0.5, {0, 0.1, 0.35, 0.5}}, fixed_steps(1));
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& method : methods) {
    for (const auto gradient : {GradientKind::reversible, GradientKind::aca, GradientKind::anode}) all.push_back({method, gradient, 0});
    for (const std::int64_t checkpoints : {1, 100}) all.push_back({method, GradientKind::pnode, checkpoints});
  }
  return all;
}

std::string name_of(const Case& test) {
  const auto gradient = test.gradient;
  return name_of(test.method) + (gradient == GradientKind::reversible ? "_reversible"
                                 : gradient == GradientKind::aca      ? "_aca"
                                 : gradient == GradientKind::anode    ? "_anode"
                                                                      : "_pnode" + std::to_string(test.checkpoints));
}

INSTANTIATE_TEST_SUITE_P(Methods, ReversibleGradient, ::testing::ValuesIn(cases()), [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace neuralode::testing
