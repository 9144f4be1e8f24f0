// f as real networks have it: running statistics, dropout, frozen, shared and computed parameters.
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include "solvers/alf.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64, undamped or nearly: see mali_test.cpp

std::shared_ptr<Dynamics> from_module(const torch::nn::Sequential& module) {
  return std::make_shared<ModuleDynamics>(module.ptr(),
                                          [module = torch::nn::Sequential(module)](const at::Tensor&, const TensorList& z) mutable {
                                            return TensorList{module->forward(z[0])};
                                          });
}

torch::nn::Sequential conv_bn() {
  torch::manual_seed(3);
  torch::nn::Sequential module(torch::nn::Conv2d(torch::nn::Conv2dOptions(2, 2, 3).padding(1)), torch::nn::BatchNorm2d(2));
  module->to(at::kDouble);
  return module;
}

TEST(BatchNormInF, ChangesItsStatisticsOncePerForwardEvaluationAndNeverInTheReverseSweep) {
  auto module = conv_bn();
  const auto bn = module[1]->as<torch::nn::BatchNorm2d>();
  const auto z0 = wave({3, 2, 4, 4}).requires_grad_();
  const auto solution = solve_plainly({from_module(module), {z0}}, fixed_steps(0.25));
  EXPECT_EQ(bn->num_batches_tracked.item<std::int64_t>(), 5);
  const auto mean = bn->running_mean.clone(), variance = bn->running_var.clone();
  EXPECT_NE(gap(mean, at::zeros_like(mean)), 0);
  loss_of(solution.states).backward();
  EXPECT_EQ(bn->num_batches_tracked.item<std::int64_t>(), 5);
  EXPECT_TRUE(identical(bn->running_mean, mean));
  EXPECT_TRUE(identical(bn->running_var, variance));
  EXPECT_TRUE(module[0]->as<torch::nn::Conv2d>()->weight.grad().defined());
}

TEST(BatchNormInF, HasTheStatisticsAndGradientsOfBackprop) {
  auto a = conv_bn(), b = conv_bn();
  const TensorList z0{wave({3, 2, 4, 4})};
  const auto mali = differentiate({from_module(a), z0}, fixed_steps(0.25));
  const auto backprop = differentiate({from_module(b), z0}, fixed_steps(0.25, 1, GradientKind::backprop));
  EXPECT_LE(gap(mali, backprop), tolerance);
  for (const auto& item : a->named_buffers()) EXPECT_LE(gap(item.value(), b->named_buffers()[item.key()]), 1e-12) << item.key();
}

TEST(BatchNormInF, AModuleSwitchedToEvaluationAfterTheForwardSweepIsReversedAsItWas) {
  auto a = conv_bn(), b = conv_bn();
  const auto z = wave({3, 2, 4, 4}).requires_grad_(), z_again = wave({3, 2, 4, 4}).requires_grad_();
  const auto solution = solve_plainly({from_module(a), {z}}, fixed_steps(0.25));
  a->eval();
  loss_of(solution.states).backward();
  EXPECT_FALSE(a->is_training());
  loss_of(solve_plainly({from_module(b), {z_again}}, fixed_steps(0.25)).states).backward();
  EXPECT_TRUE(identical(z.grad(), z_again.grad()));
}

TEST(BatchNormInF, ALayerFrozenInEvaluationModeStaysSoInTheReverseSweep) {
  const auto gradient = [](bool switched) {
    auto module = conv_bn();
    module[1]->eval();
    const auto z = wave({3, 2, 4, 4}).requires_grad_();
    const auto solution = solve_plainly({from_module(module), {z}}, fixed_steps(0.25));
    if (switched) module->eval();
    loss_of(solution.states).backward();
    EXPECT_FALSE(module[1]->is_training());
    return z.grad();
  };
  EXPECT_TRUE(identical(gradient(true), gradient(false)));
}

TEST(DropoutInF, GradientsAreThoseOfAReplayWithTheSameMasks) {
  TensorList masks;
  const Mlp mlp;
  const auto drop = [&](const at::Tensor& t, const TensorList& z) {
    const auto mask = at::bernoulli(at::full_like(z[0], 0.7));
    if (!at::GradMode::is_enabled()) masks.push_back(mask);
    return TensorList{mlp(t, z[0]) * mask};
  };
  torch::manual_seed(11);
  const auto mali = differentiate({dynamics(drop, mlp.parameters()), {wave({3, 4})}}, fixed_steps(0.1));
  ASSERT_EQ(masks.size(), 11u);
  EXPECT_FALSE(masks[1].equal(masks[2]));
  std::size_t next = 0;
  const auto replay = [&](const at::Tensor& t, const TensorList& z) { return TensorList{mlp(t, z[0]) * masks[next++]}; };
  const auto backprop = differentiate({dynamics(replay, mlp.parameters()), {wave({3, 4})}}, fixed_steps(0.1, 1, GradientKind::backprop));
  EXPECT_LE(gap(mali, backprop), tolerance);
}

TEST(DropoutInF, WorksWithRejectedStepsAndWhenItBeginsLate) {
  std::vector<std::pair<double, at::Tensor>> forward, reverse;
  const auto f = dynamics([&](const at::Tensor& t, const TensorList& z) {
    auto u = -z[0] + 50 * (-((t - 0.5) / 0.02).square()).exp();
    if (t.item<double>() > 0.3) {
      const auto mask = at::bernoulli(at::full_like(z[0], 0.9));
      (at::GradMode::is_enabled() ? reverse : forward).emplace_back(t.item<double>(), mask);
      u = u * (0.99 + 0.01 * mask);
    }
    return TensorList{u};
  });
  const auto result = differentiate({f, {wave({50})}}, adaptive_steps(1e-2, 1e-2));
  EXPECT_GT(result.statistics.steps_rejected, 0);
  for (const auto& [t, mask] : reverse) {
    const auto same = std::find_if(forward.rbegin(), forward.rend(), [t = t](const auto& item) { return item.first == t; });
    ASSERT_NE(same, forward.rend());
    EXPECT_TRUE(identical(mask, same->second)) << t;  // the last evaluation at this time is the accepted one
  }
}

TEST(DropoutInF, TheGeneratorAfterwardsDoesNotDependOnBackward) {
  const auto draw = [](bool backward) {
    torch::manual_seed(5);
    const auto z0 = wave({3, 4}).requires_grad_();
    const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.5, true)}; });
    const auto solution = solve_plainly({f, {z0}}, fixed_steps(0.1));
    if (backward) loss_of(solution.states).backward();
    return at::rand({4});
  };
  EXPECT_TRUE(identical(draw(true), draw(false)));
}

TEST(DropoutInF, DrawsAfterTheSolveAreNotThoseOfTheSolve) {
  torch::manual_seed(5);
  TensorList drawn;
  const auto f = dynamics([&](const at::Tensor&, const TensorList& z) {
    drawn.push_back(at::rand({4}));
    return TensorList{z[0] * 0.1};
  });
  solve_plainly({f, {wave({4})}}, fixed_steps(0.1));
  drawn.push_back(at::rand({4}));
  for (std::size_t i = 0; i < drawn.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(drawn[i].equal(drawn[j])) << i << ' ' << j;
}

TEST(ParametersOfF, FrozenOnesGetNoGradientAndCauseNoError) {
  Mlp mlp;
  mlp.w1.requires_grad_(false);
  const auto solution = solve_plainly({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.1));
  loss_of(solution.states).backward();
  EXPECT_FALSE(mlp.w1.grad().defined());
  EXPECT_TRUE(mlp.w2.grad().defined());
  const auto expected = differentiate({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.1, 1, GradientKind::backprop));
  EXPECT_LE(gap(mlp.w2.grad(), expected.a_parameters.back()), tolerance);
}

TEST(ParametersOfF, AllFrozenAndAFixedInputRecordNothing) {
  Mlp mlp;
  for (auto parameter : mlp.parameters()) parameter.requires_grad_(false);
  EXPECT_FALSE(solve_plainly({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.1)).states[0].requires_grad());
}

TEST(ParametersOfF, ASharedOneGetsTheSumOnce) {
  const auto w = wave({4, 4}, 0.2, 0.4).requires_grad_();
  const auto f = [w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh().matmul(w.t())}; };
  const Ode ode{dynamics(f, {w, w}), {wave({3, 4})}};
  const auto mali = differentiate(ode, fixed_steps(0.1)), backprop = differentiate(ode, fixed_steps(0.1, 1, GradientKind::backprop));
  ASSERT_EQ(mali.a_parameters.size(), 1u);
  EXPECT_LE(gap(mali, backprop), tolerance);
}

TEST(ParametersOfF, OneThatIsNotListedIsAnError) {
  const auto w = wave({4, 4}, 0.2, 0.4).requires_grad_();
  const auto f = [w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh()}; };
  for (const auto kind : {GradientKind::mali, GradientKind::aca, GradientKind::backprop})
    EXPECT_THAT(error_text(Status::invalid_argument, [&] { differentiate({dynamics(f), {wave({3, 4})}}, fixed_steps(0.1, 1, kind)); }),
                AllOf(HasSubstr("parameters"), HasSubstr("[4, 4]"), HasSubstr("list it")));
}

TEST(StateGivenToF, IsNotToBeChangedInPlace) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::Tensor(z[0]).relu_() - 1}; });
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { solve_plainly({f, {wave({3, 4})}}, fixed_steps(0.1)); }),
              AllOf(HasSubstr("z[0]"), HasSubstr("in place")));
}

TEST(ParametersOfF, ResultsOfOperationsPassTheirGradientOn) {
  const auto raw = wave({4, 4}, 0.2, 0.4).requires_grad_();
  const auto gradient = [&](GradientKind kind) {
    const auto w = raw.sin() * 0.5;  // not a leaf: a network that makes the weights
    const auto f = [w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh()}; };
    const auto solution = solve_plainly({dynamics(f, {w}), {wave({3, 4})}}, fixed_steps(0.1, 1, kind));
    return torch::autograd::grad({loss_of(solution.states)}, {raw})[0];
  };
  EXPECT_LE(gap(gradient(GradientKind::mali), gradient(GradientKind::backprop)), tolerance);
}

TEST(ParametersOfF, TwoThatGetTheSameTensorAsGradientDoNotShareIt) {
  const auto a = wave({4}, 0.1).requires_grad_(), b = wave({4}, 0.2).requires_grad_();
  const auto f = [a, b](const at::Tensor&, const TensorList& z) { return TensorList{a + b + 0 * z[0]}; };
  const Ode ode{dynamics(f, {a, b}), {wave({4})}};
  const auto mali = differentiate(ode, fixed_steps(0.1)), backprop = differentiate(ode, fixed_steps(0.1, 1, GradientKind::backprop));
  EXPECT_LE(gap(mali, backprop), tolerance);
  EXPECT_NE(mali.a_parameters[0].data_ptr(), mali.a_parameters[1].data_ptr());
}

TEST(ParametersOfF, OneThatFReturnsAsItIs) {
  const auto a = wave({4}, 0.1).requires_grad_();
  const auto f = [a](const at::Tensor&, const TensorList&) { return TensorList{a}; };
  const auto result = differentiate({dynamics(f, {a}), {wave({4})}}, fixed_steps(0.1));
  // z(1) = z0 + a, so that dL/da = dL/dz(1).
  EXPECT_LE(gap(result.a_parameters[0], wave({4}, 0.5)), 1e-14);
  EXPECT_LE(gap(result.a_z0[0], wave({4}, 0.5)), 1e-14);
}

TEST(Blocks, SeveralInOneNetworkAndOneTwice) {
  const Mlp first, second;
  const auto gradient = [&](GradientKind kind) {
    const auto options = fixed_steps(0.2, 1, kind);
    auto x = wave({3, 4}).requires_grad_();
    const auto f = first.dynamics(), g = second.dynamics();
    auto y = solve_plainly({f, {x}}, options).states[0];
    y = solve_plainly({g, {y.relu()}}, options).states[0];
    y = solve_plainly({f, {y * 0.5}}, options).states[0];
    return torch::autograd::grad({y.square().sum()}, {x, first.w1, first.c, second.w2});
  };
  EXPECT_LE(gap(gradient(GradientKind::mali), gradient(GradientKind::backprop)), tolerance);
}

}  // namespace
}  // namespace neuralode::testing
