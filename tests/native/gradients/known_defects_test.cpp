// The defects measured in TorchDiffEqPack 1.0.1, one test each.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

std::shared_ptr<Dynamics> growing() {
  return dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.cos() * z[0]}; });
}

TEST(KnownDefects, TheDerivativeToT0IsRightForEveryNumberOfSteps) {
  // z(1) = exp(sin 1 - sin t0): dz(1)/dt0 = -cos(0.3) z(1).
  const double exact = -std::cos(0.3) * std::exp(std::sin(1.0) - std::sin(0.3));
  for (const int steps : {5, 40, 320}) {
    const auto t0 = time_of(0.3, true);
    const auto solution = solve({growing(), {at::ones({}, at::kDouble)}, t0, time_of(1), {}, fixed_steps(0.7 / steps)});
    solution.states[0].backward();
    // The discrete derivative is that of the solution to first order in h.
    EXPECT_NEAR(t0.grad().item<double>(), exact, 1.0 / steps) << steps;
  }
}

TEST(KnownDefects, AStepThatDoesNotDivideTheSpanEndsAtT1) {
  const auto solution = solve_plainly({growing(), {at::ones({}, at::kDouble)}}, fixed_steps(0.15));
  const auto& last = solution.grid->steps.back();
  EXPECT_EQ(last.t + last.h, 1);
  // Order 2 at h = 0.15; ending at 1.05 would be off by 0.05 z'(1) = 0.06.
  EXPECT_NEAR(solution.states[0].item<double>(), std::exp(std::sin(1.0)), 0.15 * 0.15);
}

TEST(KnownDefects, TEvalGivesTheStatesAtItsTimes) {
  const std::vector<double> times{0, 0.25, 0.5, 1};
  const auto states = solve_plainly({growing(), {at::ones({1}, at::kDouble)}, 0, 1, times}, fixed_steps(0.01)).states[0];
  ASSERT_EQ(states.sizes(), (std::vector<std::int64_t>{4, 1}));
  for (std::size_t i = 0; i < times.size(); ++i)
    EXPECT_NEAR(states[static_cast<std::int64_t>(i)].item<double>(), std::exp(std::sin(times[i])), 1e-4);  // order 2 at h = 0.01
}

TEST(KnownDefects, TheLastAdaptiveStepIsControlledToo) {
  // The first step tried is the last as well: without control it would be taken, and be off by 0.2.
  auto options = adaptive_steps(1e-6, 1e-6);
  options.steps.initial_step_size = 1;
  const auto solution = solve_plainly({growing(), {at::ones({}, at::kDouble)}}, options);
  EXPECT_GT(solution.statistics->steps_rejected, 0);
  EXPECT_NEAR(solution.states[0].item<double>(), std::exp(std::sin(1.0)), 1e-4);  // some hundred times the tolerance of a step
}

TEST(KnownDefects, TimeIsNotRoundedToFloat32) {
  double seen = 0;
  const auto f = dynamics([&](const at::Tensor& t, const TensorList& z) {
    seen = t.item<double>();
    return TensorList{z[0]};
  });
  solve_plainly({f, {at::ones({1}, at::kDouble)}, 0.1, 0.1}, fixed_steps(1));
  EXPECT_EQ(seen, 0.1);
  EXPECT_NE(seen, double(0.1F));
}

TEST(KnownDefects, TimeOfAFloat32StateIsExactBetweenTheSteps) {
  // 0.1F sums to 1.0000001 after ten additions; the grid is kept in float64.
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0]}; });
  const auto solution = solve_plainly({f, {at::ones({1}, at::kFloat)}}, fixed_steps(0.1));
  EXPECT_EQ(solution.grid->steps.size(), 10u);
}

TEST(KnownDefects, ASecondDerivativeIsAnErrorNotAWrongNumber) {
  const auto z0 = at::ones({}, at::kDouble).requires_grad_();
  const auto end = solve_plainly({growing(), {z0}}, fixed_steps(0.1)).states[0];
  const auto first = torch::autograd::grad({end.square()}, {z0}, {}, {}, true)[0];
  EXPECT_THROW(torch::autograd::grad({first}, {z0}), std::exception);
}

// Batch norm in backward, frozen parameters: network_test.cpp. Accepted steps computed once: alf_test.cpp.

}  // namespace
}  // namespace neuralode::testing
