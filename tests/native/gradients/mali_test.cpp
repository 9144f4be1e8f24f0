// MALI against backpropagation through the same steps, over everything that changes the steps.
#include "gradients/autograd_node.h"

#include <gtest/gtest.h>

#include <tuple>

#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

// Both methods differentiate the same discrete solution; they differ by rounding, which the inverse multiplies by at most
// 0.4^-10 = 1e4 here: 1e-12 of values near 1.
constexpr double tolerance = 1e-9;

/// Two states of different shape, coupled, both in need of t.
std::shared_ptr<Dynamics> pair_dynamics() {
  const auto a = wave({4, 3}, 0.2, 0.5).requires_grad_(), b = wave({3}, 0.9, 0.7).requires_grad_();
  const auto f = [a, b](const at::Tensor& t, const TensorList& z) {
    return TensorList{(z[1] * t).matmul(a.t()).expand_as(z[0]).tanh() - z[0], z[0].matmul(a).mean(0) * b + t.sin()};
  };
  return dynamics(f, {a, b});
}

Ode mlp_ode(double t0, double t1) { return {Mlp().dynamics(), {wave({3, 4}, 0.6)}, t0, t1}; }
Ode pair_ode(double t0, double t1) { return {pair_dynamics(), {wave({2, 4}, 0.6), wave({3}, 0.1)}, t0, t1}; }

class MaliAgainstBackprop : public ::testing::TestWithParam<std::tuple<double, double, bool>> {
 protected:
  static void expect_agreement(const Ode& ode, const SolveOptions& options) {
    auto recorded = options;
    recorded.gradient = GradientKind::backprop;
    const auto mali = differentiate(ode, options), backprop = differentiate(ode, recorded);
    EXPECT_LE(gap(mali, backprop), tolerance);
    EXPECT_EQ(mali.statistics.nfe_forward, mali.statistics.steps_accepted + mali.statistics.steps_rejected + 1);
    EXPECT_EQ(mali.statistics.nfe_backward, mali.statistics.steps_accepted + 1);
    EXPECT_EQ(mali.statistics.steps_accepted, backprop.statistics.steps_accepted);
  }

  void each_ode(const std::vector<double>& fractions) const {
    const bool backward = std::get<2>(GetParam());
    const double t0 = backward ? 1.1 : 0.1, t1 = backward ? 0.1 : 1.1;
    for (auto ode : {mlp_ode(t0, t1), pair_ode(t0, t1)}) {
      for (const double fraction : fractions) ode.t_eval.push_back(fraction == 1 ? t1 : t0 + fraction * (t1 - t0));
      expect_agreement(ode, fixed_steps(std::get<1>(GetParam()), std::get<0>(GetParam())));
    }
  }
};

TEST_P(MaliAgainstBackprop, EndState) { each_ode({}); }
TEST_P(MaliAgainstBackprop, TimesInside) { each_ode({0.2, 0.21, 0.77}); }
TEST_P(MaliAgainstBackprop, TimesWithBothEnds) { each_ode({0, 0.5, 1}); }
TEST_P(MaliAgainstBackprop, T1Alone) { each_ode({1}); }
TEST_P(MaliAgainstBackprop, T0Alone) { each_ode({0}); }

INSTANTIATE_TEST_SUITE_P(Eta_StepSize_BackwardInTime, MaliAgainstBackprop,
                         ::testing::Combine(::testing::Values(1.0, 0.9, 0.75, 0.3), ::testing::Values(0.1, 0.15, 2.0), ::testing::Bool()));

TEST(MaliAdaptive, AgreesWithBackpropOnTheGridThatWasAccepted) {
  for (const double t1 : {1.1, -0.9}) {
    // The two grids agree to the controller's rounding, and the gradients depend on the grid only at its order.
    auto ode = mlp_ode(0.1, t1);
    ode.t_eval = {0.1 + 0.3 * (t1 - 0.1), t1};
    const auto mali = differentiate(ode, adaptive_steps(1e-3, 1e-5)),
               backprop = differentiate(ode, adaptive_steps(1e-3, 1e-5, GradientKind::backprop));
    EXPECT_LE(gap(mali, backprop), tolerance);
    EXPECT_EQ(mali.statistics.nfe_backward, mali.statistics.steps_accepted + 1);
  }
}

TEST(MaliTimes, NoTimeToPassGivesTheInputAndItsCotangent) {
  for (const auto& options : {fixed_steps(0.1), adaptive_steps(1e-3, 1e-5)}) {
    const auto ode = mlp_ode(0.4, 0.4);
    const auto result = differentiate(ode, options);
    EXPECT_TRUE(identical(result.states[0], ode.z0[0]));
    EXPECT_EQ(gap(result.a_z0[0], wave({3, 4}, 0.5)), 0);
    EXPECT_EQ(result.a_t0.item<double>(), 0);
    EXPECT_EQ(result.a_t1.item<double>(), 0);
    EXPECT_EQ(result.statistics.nfe_forward, 1);
    EXPECT_EQ(result.statistics.nfe_backward, 1);
  }
}

TEST(MaliTimes, FixedStepsCostOneEvaluationEachAndOneMore) {
  int evaluations = 0, recorded = 0;
  const Mlp mlp;
  const auto f = dynamics(
      [&](const at::Tensor& t, const TensorList& z) {
        ++evaluations;
        recorded += at::GradMode::is_enabled();
        return TensorList{mlp(t, z[0])};
      },
      mlp.parameters());
  const auto result = differentiate({f, {wave({3, 4})}}, fixed_steps(0.1));
  EXPECT_EQ(result.statistics.nfe_forward, 11);
  EXPECT_EQ(result.statistics.nfe_backward, 11);
  EXPECT_EQ(evaluations, 22);
  EXPECT_EQ(recorded, 11);  // nothing is recorded in the forward sweep
}

TEST(MaliTimes, EveryEvaluationOfTheReverseSweepIsAtATimeOfTheForwardOneToTheBit) {
  std::vector<double> times;
  const auto f = dynamics([&](const at::Tensor& t, const TensorList& z) {
    times.push_back(t.item<double>());
    return TensorList{-z[0]};
  });
  auto ode = Ode{f, {wave({3})}, 0.1, 1.7, {0.333, 1.2}};
  const auto result = differentiate(ode, fixed_steps(0.17));
  const auto half = static_cast<std::ptrdiff_t>(result.statistics.nfe_forward);
  ASSERT_EQ(static_cast<std::ptrdiff_t>(times.size()), 2 * half);
  EXPECT_EQ(std::vector<double>(times.begin(), times.begin() + half), std::vector<double>(times.rbegin(), times.rbegin() + half));
}

TEST(MaliTimes, TimesOfFloat32GetGradientsOfFloat32) {
  const auto t0 = at::tensor(0.1F).squeeze().requires_grad_(), t1 = at::tensor(0.9F).squeeze().requires_grad_();
  const auto solution = solve({Mlp().dynamics(), {wave({3, 4})}, t0, t1, {}, fixed_steps(0.1)});
  loss_of(solution.states).backward();
  EXPECT_EQ(t0.grad().scalar_type(), at::kFloat);
  EXPECT_EQ(t1.grad().dim(), 0);
  EXPECT_NE(t1.grad().item<double>(), 0);
}

}  // namespace
}  // namespace neuralode::testing
