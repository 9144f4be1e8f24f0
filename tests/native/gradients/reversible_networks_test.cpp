// The gradient method `reversible` where f is as real networks are, and where it fails.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "support/expect.h"
#include "support/reversible.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64; some hundred evaluations of slope near 1

TEST(Reversible, ReplaysDropoutMasks) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.3, true).sin()}; });
  for (const auto& method : reversible_methods)
    for (const auto& steps : {fixed_steps(0.1), adaptive_steps(1e-2, 1e-2)}) {
      if (method.solver == SolverKind::rk4 && steps.steps.step_size == 0) continue;
      const auto seeded = [&](GradientKind gradient) {
        torch::manual_seed(4);
        return differentiate({f, {wave({20})}}, with(method, steps, gradient));
      };
      const auto reversible = seeded(GradientKind::reversible);
      EXPECT_LE(gap(reversible, seeded(GradientKind::aca)), tolerance);
      EXPECT_LE(gap(reversible, seeded(GradientKind::anode)), tolerance);
    }
}

TEST(Reversible, ChangesRunningStatisticsOncePerForwardEvaluation) {
  for (const auto& method : reversible_methods) {
    torch::manual_seed(3);
    torch::nn::Sequential module(torch::nn::Linear(4, 4), torch::nn::BatchNorm1d(4));
    module->to(at::kDouble);
    const auto bn = module[1]->as<torch::nn::BatchNorm1d>();
    const auto f = std::make_shared<ModuleDynamics>(
        module.ptr(), [module](const at::Tensor&, const TensorList& z) mutable { return TensorList{module->forward(z[0])}; });
    const auto solution = solve_plainly({f, {wave({6, 4}).requires_grad_()}}, with(method, fixed_steps(0.25)));
    EXPECT_EQ(bn->num_batches_tracked.item<std::int64_t>(), solution.statistics->nfe_forward);
    const auto mean = bn->running_mean.clone();
    loss_of(solution.states).backward();
    EXPECT_TRUE(identical(bn->running_mean, mean));
    EXPECT_EQ(bn->num_batches_tracked.item<std::int64_t>(), solution.statistics->nfe_forward);
    EXPECT_TRUE(module[0]->as<torch::nn::Linear>()->weight.grad().defined());
  }
}

TEST(Reversible, GivesFrozenParametersNoGradient) {
  for (const auto& method : reversible_methods) {
    Mlp mlp;
    mlp.w2.requires_grad_(false);
    const Ode ode{mlp.dynamics(), {wave({3, 4})}};
    const auto found = differentiate(ode, with(method, fixed_steps(0.1)));
    EXPECT_EQ(found.a_parameters.size(), 3u);
    EXPECT_LE(gap(found, differentiate(ode, with(method, fixed_steps(0.1), GradientKind::backprop))), tolerance);
  }
}

TEST(Reversible, DifferentiatesARetainedGraphTwiceAlikeAndNotTwiceOver) {
  const Mlp mlp;
  for (const auto& method : reversible_methods) {
    const auto z0 = wave({3, 4}).requires_grad_();
    const auto loss = loss_of(solve_plainly({mlp.dynamics(), {z0}}, with(method, fixed_steps(0.1))).states);
    const auto once = torch::autograd::grad({loss}, {z0}, {}, /*retain_graph=*/true)[0];
    EXPECT_TRUE(identical(once, torch::autograd::grad({loss}, {z0}, {}, true)[0]));
    const auto open = torch::autograd::grad({loss}, {z0}, {}, true, /*create_graph=*/true)[0];
    EXPECT_THROW(torch::autograd::grad({open.sum()}, {z0}), std::exception);
  }
}

TEST(Reversible, NeedsNotTheInputButTheParametersAsTheyWere) {
  const Mlp mlp;
  for (const auto& method : reversible_methods) {
    const auto expected = differentiate({mlp.dynamics(), {wave({3, 4})}}, with(method, fixed_steps(0.1), GradientKind::backprop));
    const auto leaf = wave({3, 4}).requires_grad_();
    const auto z0 = leaf.clone();
    const auto solution = solve_plainly({mlp.dynamics(), {z0}}, with(method, fixed_steps(0.1)));
    {
      const at::NoGradGuard not_recording;
      z0.zero_();
    }
    const auto loss = loss_of(solution.states);
    EXPECT_LE(gap(torch::autograd::grad({loss}, {leaf}, {}, /*retain_graph=*/true)[0], expected.a_z0[0]), tolerance);
    EXPECT_TRUE(std::isnan(solution.statistics->reconstruction_error));  // nothing was known
    {
      const at::NoGradGuard not_recording;
      at::Tensor(mlp.b).mul_(1.01);
    }
    EXPECT_THAT(error_text(Status::invalid_argument, [&] { loss.backward(); }), HasSubstr("parameter1"));
  }
}

TEST(Reversible, WorksWhereFReturnsItsInputOrATensorThatItKeeps) {
  const auto held = std::make_shared<std::vector<TensorList>>();
  const auto same = dynamics([](const at::Tensor&, const TensorList& z) { return z; });
  const auto keeps = dynamics([held](const at::Tensor&, const TensorList& z) {
    held->push_back(z);
    held->push_back({z[0].sin()});
    return held->back();
  });
  for (const auto& f : {same, keeps})
    for (const auto& method : reversible_methods) {
      const Ode ode{f, {wave({3, 4})}};
      const auto expected = differentiate(ode, with(method, fixed_steps(0.1), GradientKind::backprop));
      for (const auto gradient : {GradientKind::reversible, GradientKind::aca, GradientKind::pnode})
        EXPECT_LE(gap(differentiate(ode, with(method, fixed_steps(0.1), gradient)), expected), tolerance);
      held->clear();  // the graphs of what it holds lead back to f: a cycle
    }
}

TEST(Reversible, AFunctionThatKeepsItsInputsFindsThemUnchanged) {
  for (const auto& method : reversible_methods) {
    TensorList kept, copies;
    const auto f = dynamics([&](const at::Tensor&, const TensorList& z) {
      kept.push_back(z[0]);
      copies.push_back(z[0].detach().clone());
      return TensorList{z[0].sin()};
    });
    loss_of(solve_plainly({f, {wave({4}).requires_grad_()}}, with(method, fixed_steps(0.1), GradientKind::reversible)).states).backward();
    for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(kept[i].equal(copies[i])) << i;
  }
}

TEST(Reversible, MeetsFAtTheVeryTimesOfTheForwardSweep) {
  // 0.5 + 0.1 < 6 * 0.1 by rounding: f jumps between where a step ended and where the next one began.
  const auto jumps =
      dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.item<double>() > 0.6 ? -z[0] : z[0].sin()}; });
  const Ode ode{jumps, {wave({3, 4})}};
  for (const auto& method : {ReversibleMethod{SolverKind::reversible_heun}, ReversibleMethod{SolverKind::bosh3}}) {
    const auto expected = differentiate(ode, with(method, fixed_steps(0.1), GradientKind::aca));
    EXPECT_LE(gap(differentiate(ode, with(method, fixed_steps(0.1))), expected), tolerance);
  }
  auto fsal = fixed_steps(0.1, 1, GradientKind::pnode), whole = fixed_steps(0.1, 1, GradientKind::backprop);
  fsal.solver = whole.solver = SolverKind::bosh3;
  fsal.checkpoints = 2;
  EXPECT_LE(gap(differentiate(ode, fsal), differentiate(ode, whole)), tolerance);
}

TEST(Reversible, AFailureIsAValueWithTheLastGoodState) {
  // Not a number from t = 0.5 on, which the second half of the step before meets first.
  const auto f = dynamics(
      [](const at::Tensor& t, const TensorList& z) { return TensorList{t.item<double>() >= 0.5 ? at::full_like(z[0], NAN) : z[0].cos()}; });
  for (const auto& method : reversible_methods)
    for (const auto gradient : {GradientKind::reversible, GradientKind::backprop, GradientKind::aca}) {
      auto options = with(method, fixed_steps(0.125), gradient);
      options.failure = FailureKind::value;
      const auto solution = solve_plainly({f, {wave({3, 4}).requires_grad_()}}, options);
      EXPECT_EQ(solution.outcome->status, Status::non_finite);
      EXPECT_THAT(solution.outcome->text, HasSubstr("step 4"));
      EXPECT_EQ(solution.outcome->reached, 0.375);
      EXPECT_TRUE(solution.states[0].isfinite().all().item<bool>());
      EXPECT_FALSE(solution.states[0].requires_grad());
      if (traits_of(method.solver).error_order == 0) continue;
      options.steps = adaptive_steps(1e-4, 1e-6).steps;
      const auto adaptive = solve_plainly({f, {wave({3, 4}).requires_grad_()}}, options);
      EXPECT_NE(adaptive.outcome->status, Status::ok);  // non_finite, or the underflow of the steps that shrank towards 0.5
      EXPECT_TRUE(adaptive.states[0].isfinite().all().item<bool>());
      EXPECT_NEAR(adaptive.outcome->reached, 0.5, 1e-12);
    }
}

TEST(Reversible, RefusesWhatItCannotUndoAndCouplesExplicitMethodsAlone) {
  const auto refused = [](SolverKind solver, double coupling, GradientKind gradient) {
    auto options = fixed_steps(0.1);
    options.solver = solver;
    options.coupling = coupling;
    options.gradient = gradient;
    return error_text(Status::invalid_argument, [&] { check(options); });
  };
  EXPECT_THAT(refused(SolverKind::alf, 0, GradientKind::reversible), HasSubstr("choose mali"));
  EXPECT_THAT(refused(SolverKind::crank_nicolson, 0, GradientKind::reversible), HasSubstr("choose pnode"));
  EXPECT_THAT(refused(SolverKind::reversible_heun, 0.9, GradientKind::reversible), HasSubstr("coupling: 0.9"));
  EXPECT_THAT(refused(SolverKind::alf, 0.9, GradientKind::mali), HasSubstr("coupling: 0.9"));
  EXPECT_THAT(refused(SolverKind::rk4, 1.5, GradientKind::aca), HasSubstr("coupling: 1.5"));
  EXPECT_THAT(refused(SolverKind::rk4, NAN, GradientKind::aca), HasSubstr("coupling"));
  EXPECT_THAT(refused(SolverKind::rk4, 0.9, GradientKind::mali), HasSubstr("reversible (7"));
}

}  // namespace
}  // namespace neuralode::testing
