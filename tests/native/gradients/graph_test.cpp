// What autograd allows and forbids around a MALI node.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Recorded {
  Mlp mlp;
  at::Tensor z0 = wave({3, 4}).requires_grad_();
  Solution solution = solve_plainly({mlp.dynamics(), {z0}}, fixed_steps(0.1));
  at::Tensor loss() const { return loss_of(solution.states); }
};

TEST(MaliGraph, ARetainedGraphGivesTheSameGradientsTwice) {
  const Recorded recorded;
  const auto loss = recorded.loss();
  const auto inputs = TensorList{recorded.z0, recorded.mlp.w1, recorded.mlp.c};
  const auto once = torch::autograd::grad({loss}, inputs, {}, /*retain_graph=*/true), twice = torch::autograd::grad({loss}, inputs);
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_TRUE(identical(once[i], twice[i])) << i;
  EXPECT_EQ(recorded.solution.statistics->nfe_backward, 11);  // of the last sweep, not the sum
}

TEST(MaliGraph, ARetainedGraphWithDropoutReplaysTheSameMasksTwice) {
  const auto z0 = wave({30}).requires_grad_();
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.5, true)}; });
  const auto loss = loss_of(solve_plainly({f, {z0}}, fixed_steps(0.1)).states);
  const auto once = torch::autograd::grad({loss}, {z0}, {}, true)[0];
  at::rand({7});
  EXPECT_TRUE(identical(once, torch::autograd::grad({loss}, {z0})[0]));
}

TEST(MaliGraph, ASecondBackwardWithoutRetainingThrows) {
  const Recorded recorded;
  const auto loss = recorded.loss();
  loss.backward();
  EXPECT_THROW(loss.backward(), std::exception);
}

TEST(MaliGraph, AParameterChangedInPlaceThrowsItsName) {
  const Recorded recorded;
  {
    const at::NoGradGuard not_recording;
    at::Tensor(recorded.mlp.b).mul_(1.01);
  }
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { recorded.loss().backward(); }),
              AllOf(HasSubstr("parameter1"), HasSubstr("solve again")));
}

TEST(MaliGraph, AFrozenParameterChangedInPlaceThrowsToo) {
  Mlp mlp;
  mlp.w2.requires_grad_(false);
  const auto solution = solve_plainly({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.1));
  mlp.w2.mul_(1.01);
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { loss_of(solution.states).backward(); }), HasSubstr("parameter3"));
}

TEST(MaliGraph, TheOutputChangedInPlaceThrows) {
  const Recorded recorded;
  const auto loss = recorded.loss();
  recorded.solution.states[0].detach().add_(1);
  EXPECT_THROW(loss.backward(), std::exception);
}

TEST(MaliGraph, AnOutputChangedByARecordedOperationThrowsOrIsDifferentiated) {
  const Recorded recorded;
  auto state = recorded.solution.states[0];
  state.mul_(2);  // the end state that the reverse sweep needs is gone
  EXPECT_THROW(state.sum().backward(), std::exception);
}

TEST(MaliGraph, TheInputMayBeChangedInPlaceAfterwards) {
  const Mlp mlp;
  auto z0 = wave({3, 4});
  const auto solution = solve_plainly({mlp.dynamics(), {z0}}, fixed_steps(0.1));
  z0.zero_();
  loss_of(solution.states).backward();
  const auto expected = differentiate({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.1, 1, GradientKind::backprop));
  EXPECT_LE(gap(mlp.w1.grad(), expected.a_parameters[0]), 1e-9);
  EXPECT_TRUE(std::isnan(solution.statistics->reconstruction_error));  // there is nothing to compare with
}

TEST(MaliGraph, ASecondDerivativeThrowsAndTheFirstIsRight) {
  const Recorded recorded;
  const auto first = torch::autograd::grad({recorded.loss()}, {recorded.z0}, {}, {}, /*create_graph=*/true)[0];
  const auto plain = differentiate({recorded.mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.1));
  EXPECT_TRUE(identical(first, plain.a_z0[0]));
  try {
    first.square().sum().backward();
    FAIL() << "nothing was thrown";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("double backward"), HasSubstr("backprop")));
  }
}

TEST(MaliGraph, ASecondDerivativeWithRespectToAParameterThrowsToo) {
  const Recorded recorded;
  const auto first = torch::autograd::grad({recorded.loss()}, {recorded.mlp.w1}, {}, {}, true)[0];
  EXPECT_THROW(torch::autograd::grad({first.sum()}, {recorded.z0}), std::exception);
}

TEST(BackpropGraph, HasASecondDerivative) {
  // z(1) = z0 e^(1) nearly, L = z(1)^2 / 2: L'' = (dz(1)/dz0)^2, and the solve is linear in z0.
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0]}; });
  const auto z0 = at::full({}, 0.7, at::kDouble).requires_grad_();
  const auto end = solve_plainly({f, {z0}}, fixed_steps(0.1, 1, GradientKind::backprop)).states[0];
  const auto first = torch::autograd::grad({end.square() / 2}, {z0}, {}, {}, true)[0];
  const auto second = torch::autograd::grad({first}, {z0})[0];
  const double slope = end.item<double>() / 0.7;
  EXPECT_NEAR(second.item<double>(), slope * slope, 1e-12);
}

TEST(MaliGraph, ReportsTheReconstructionErrorOfTheLastReverseSweep) {
  const Recorded recorded;
  EXPECT_TRUE(std::isnan(recorded.solution.statistics->reconstruction_error));
  recorded.loss().backward();
  // Ten undamped steps in float64: some roundings of values near 1.
  EXPECT_LE(recorded.solution.statistics->reconstruction_error, 1e-14);
  EXPECT_GE(recorded.solution.statistics->reconstruction_error, 0);
}

TEST(MaliGraph, ReportsTheReconstructionErrorWhenNobodyElseHasTheInput) {
  const Mlp mlp;
  const auto solution = [&] { return solve_plainly({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.1)); }();
  loss_of(solution.states).backward();
  EXPECT_LE(solution.statistics->reconstruction_error, 1e-14);
}

TEST(MaliGraph, OnlyTheLossDecidesWhichOutputsCount) {
  const Mlp mlp;
  const auto f = dynamics(
      [mlp](const at::Tensor& t, const TensorList& z) {
        return TensorList{mlp(t, z[0]), z[1].sin() + z[0].sum()};
      },
      mlp.parameters());
  const auto gradient = [&](GradientKind kind) {
    const auto z = wave({3, 4}).requires_grad_(), y = wave({2}).requires_grad_();
    const auto solution = solve_plainly({f, {z, y}}, fixed_steps(0.1, 1, kind));
    return torch::autograd::grad({solution.states[1].sum()}, {z, y, mlp.w1});  // states[0] is not used
  };
  EXPECT_LE(gap(gradient(GradientKind::mali), gradient(GradientKind::backprop)), 1e-9);
}

}  // namespace
}  // namespace neuralode::testing
