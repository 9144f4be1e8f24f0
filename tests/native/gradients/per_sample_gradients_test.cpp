// Gradients of solves with steps per sample, by every method.
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "support/expect.h"
#include "support/ode.h"
#include "support/per_sample.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64; some hundred evaluations of slope near 1

struct Method {
  SolverKind solver;
  GradientKind gradient;
  std::int64_t checkpoints = 0;

  SolveOptions options(double rtol) const {
    auto result = per_sample(solver, adaptive_steps(rtol, rtol, gradient));
    result.checkpoints = checkpoints;
    return result;
  }
};

std::vector<Method> methods() {
  std::vector<Method> all;
  for (const auto solver : sample_solvers) {
    all.push_back({solver, GradientKind::aca});
    all.push_back({solver, GradientKind::anode});
    for (const std::int64_t checkpoints : {0, 1, 3}) all.push_back({solver, GradientKind::pnode, checkpoints});
  }
  all.push_back({SolverKind::alf, GradientKind::mali});
  return all;
}

std::string name_of(const Method& method) {
  static const char* names[] = {"mali", "backprop", "none", "adjoint", "aca", "anode", "pnode"};
  const auto name = sample_solver_name(method.solver) + "_" + names[static_cast<int>(method.gradient)];
  return method.gradient == GradientKind::pnode ? name + std::to_string(method.checkpoints) : name;
}

class PerSampleGradient : public ::testing::TestWithParam<Method> {
 protected:
  static void expect_backprops(const Ode& ode, double rtol) {
    const auto found = differentiate(ode, GetParam().options(rtol));
    const auto expected = differentiate(ode, Method{GetParam().solver, GradientKind::backprop}.options(rtol));
    EXPECT_EQ(found.statistics.steps_accepted, expected.statistics.steps_accepted);
    EXPECT_EQ(found.statistics.steps_rejected, expected.statistics.steps_rejected);
    EXPECT_EQ(found.statistics.nfe_forward, expected.statistics.nfe_forward);
    EXPECT_LE(gap(found, expected), tolerance);
    if (GetParam().checkpoints > 0) {
      EXPECT_LE(found.statistics.snapshots, GetParam().checkpoints);
    }
  }
};

TEST_P(PerSampleGradient, EqualsBackprops) {
  const Mlp mlp;
  const auto scale = at::tensor({0.2, 1.0, 4.0}, at::kDouble).unsqueeze(1);
  expect_backprops({mlp.dynamics(), {wave({3, 4}) * scale}, 0.2, 1.9}, 1e-4);
}

TEST_P(PerSampleGradient, EqualsBackpropsOnTrajectoriesOfTuplesBackwardInTime) {
  const Mlp mlp;
  expect_backprops(tuple_of_time(mlp), 1e-3);
}

TEST_P(PerSampleGradient, EqualsBackpropsWhereStepsAreRejected) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4}) * at::tensor({0.2, 1.0, 4.0}, at::kDouble).unsqueeze(1)}, 0, 3, {1.3, 3}};
  const double rtol = traits_of(GetParam().solver).error_order >= 8 ? 1e-9 : 1e-5;
  auto options = GetParam().options(rtol), backprop = Method{GetParam().solver, GradientKind::backprop}.options(rtol);
  options.steps.initial_step_size = backprop.steps.initial_step_size = 2.5;
  const auto found = differentiate(ode, options);
  EXPECT_GT(found.statistics.steps_rejected, 0);
  EXPECT_LE(gap(found, differentiate(ode, backprop)), tolerance);
}

TEST_P(PerSampleGradient, IsTheSumOfThoseOfEachSampleAlone) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4}) * at::tensor({0.2, 1.0, 4.0}, at::kDouble).unsqueeze(1)}, 0, 2, {0.8, 2}};
  const auto options = GetParam().options(1e-4);
  auto joint = options;
  joint.per_sample = false;
  const auto solved = [&](const Ode& problem, const SolveOptions& with, std::int64_t first) {
    const auto z0 = problem.z0[0].detach().clone().requires_grad_(), t0 = time_of(0, true), t1 = time_of(2, true);
    const auto t_eval = at::tensor(problem.t_eval, at::kDouble).requires_grad_();
    const auto state = solve({problem.f, {z0}, t0, t1, t_eval, with}).states[0];
    const auto loss = (state * wave({2, 3, 4}).narrow(1, first, z0.size(0))).sum();
    TensorList inputs = mlp.parameters();
    inputs.insert(inputs.end(), {t0, t1, t_eval, z0});
    return torch::autograd::grad({loss}, inputs);
  };
  const auto together = solved(ode, options, 0);
  TensorList sum(together.size() - 1), rows;
  for (std::int64_t b = 0; b < 3; ++b) {
    const auto alone = solved(sample_of(ode, b), joint, b);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = sum[i].defined() ? sum[i] + alone[i] : alone[i];
    rows.push_back(alone.back());
  }
  sum.push_back(at::cat(rows));
  EXPECT_LE(gap(together, sum), tolerance);
}

TEST_P(PerSampleGradient, SurvivesTrialsThatAreNotFinite) {
  // The first step that sample 0 tries leaves the domain of the logarithm; sample 1 is at its equilibrium 0.5, and its step is accepted.
  const double of_slope = traits_of(GetParam().solver).error_order >= 8 ? -40 : -4;  // dopri8's first stages are close to the start
  const auto slope = at::tensor({of_slope}, at::kDouble).requires_grad_();
  const auto f = dynamics([slope](const at::Tensor&, const TensorList& z) { return TensorList{slope * (z[0] + 0.5).log()}; }, {slope});
  const Ode ode{f, {at::tensor({3.0, 0.5}, at::kDouble)}, 0, 1.5};
  auto options = GetParam().options(1e-4), backprop = Method{GetParam().solver, GradientKind::backprop}.options(1e-4);
  options.steps.initial_step_size = backprop.steps.initial_step_size = 1.5;
  const auto first = solve_plainly(ode, options).grid->steps.front().samples->trials;
  EXPECT_EQ(first[0].h, 0);
  EXPECT_TRUE(first[1].accepted);
  const auto found = differentiate(ode, options);
  EXPECT_TRUE(found.a_parameters[0].isfinite().all().item<bool>());
  EXPECT_LE(gap(found, differentiate(ode, backprop)), tolerance);
}

TEST_P(PerSampleGradient, ReplaysDropoutMasks) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.3, true).sin()}; });
  const auto seeded = [&](const Method& method) {
    torch::manual_seed(4);
    auto options = method.options(0.3);
    options.snapshots = SnapshotKind::automatic;
    return differentiate({f, {wave({5, 4})}}, options);
  };
  EXPECT_LE(gap(seeded(GetParam()), seeded({GetParam().solver, GradientKind::aca})), tolerance);
}

TEST_P(PerSampleGradient, IsExactWhereFCouplesTheSamplesAndLeavesRunningStatisticsAsTheForwardSweepDid) {
  torch::manual_seed(3);
  torch::nn::Sequential module(torch::nn::Linear(3, 3), torch::nn::BatchNorm1d(3));
  module->to(at::kDouble);
  const auto bn = module[1]->as<torch::nn::BatchNorm1d>();
  const auto f = std::make_shared<ModuleDynamics>(module.ptr(), [module](const at::Tensor& t, const TensorList& z) mutable {
    return TensorList{module->forward(z[0] * (1 + t)) * z[0].cos()};
  });
  const double rtol = traits_of(GetParam().solver).error_order > 2 ? 1e-7 : 1e-3;
  auto options = GetParam().options(rtol), backprop = Method{GetParam().solver, GradientKind::backprop}.options(rtol);
  options.steps.initial_step_size = backprop.steps.initial_step_size = 0.7;
  const Ode ode{f, {wave({5, 3}) * at::arange(1, 6, at::kDouble).unsqueeze(1)}, 0, 1, {0.9, 1}};
  const auto found = differentiate(ode, options);
  const auto mean = bn->running_mean.clone();
  bn->reset_running_stats();
  const auto expected = differentiate(ode, backprop);
  EXPECT_GT(found.statistics.steps_rejected, 0);
  EXPECT_LE(gap(found, expected), tolerance);
  EXPECT_LE(gap(mean, bn->running_mean), tolerance);
}

TEST_P(PerSampleGradient, OfARetainedGraphIsHadTwiceAlikeAndNotDifferentiatedAgain) {
  const Mlp mlp;
  const auto z0 = wave({3, 4}).requires_grad_();
  const auto loss = loss_of(solve_plainly({mlp.dynamics(), {z0}}, GetParam().options(1e-3)).states);
  const auto once = torch::autograd::grad({loss}, {z0}, {}, /*retain_graph=*/true)[0];
  EXPECT_TRUE(identical(once, torch::autograd::grad({loss}, {z0}, {}, /*retain_graph=*/true)[0]));
  const auto open = torch::autograd::grad({loss}, {z0}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  EXPECT_THROW(torch::autograd::grad({open.sum()}, {z0}), std::exception);
}

TEST_P(PerSampleGradient, SkipsFrozenParametersAndNamesThoseChangedInPlace) {
  const Mlp mlp;
  mlp.w1.requires_grad_(false);
  const auto solution = solve_plainly({mlp.dynamics(), {wave({3, 4})}}, GetParam().options(1e-3));
  loss_of(solution.states).backward();
  EXPECT_FALSE(mlp.w1.grad().defined());
  EXPECT_TRUE(mlp.w2.grad().defined());
  const auto again = solve_plainly({mlp.dynamics(), {wave({3, 4})}}, GetParam().options(1e-3));
  {
    const at::NoGradGuard not_recording;
    mlp.w2.mul_(2);
  }
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { loss_of(again.states).backward(); }), HasSubstr("changed in place"));
}

INSTANTIATE_TEST_SUITE_P(Methods, PerSampleGradient, ::testing::ValuesIn(methods()), [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace neuralode::testing
