// Every solver with every gradient method, against backprop through the same steps.
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <numeric>

#include "gradients/revolve.h"
#include "solvers/tableau.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64; some hundred evaluations of slope near 1

constexpr SolverKind solvers[] = {SolverKind::alf,   SolverKind::euler, SolverKind::midpoint, SolverKind::heun,  SolverKind::heun_euler,
                                  SolverKind::bosh3, SolverKind::rk4,   SolverKind::dopri5,   SolverKind::tsit5, SolverKind::dopri8};

bool is_adaptive(SolverKind solver) { return solver == SolverKind::alf || tableau_of(solver).error_order > 0; }
std::string name_of(SolverKind solver) {
  std::string name = solver == SolverKind::alf ? "alf" : tableau_of(solver).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

SolveOptions with(SolverKind solver, SolveOptions options, GradientKind gradient, std::int64_t checkpoints = 0) {
  options.solver = solver;
  options.gradient = gradient;
  options.checkpoints = gradient == GradientKind::pnode ? checkpoints : 0;
  return options;
}

struct Discrete {
  SolverKind solver;
  GradientKind gradient;
  std::int64_t checkpoints;
};

class DiscreteGradient : public ::testing::TestWithParam<Discrete> {
 protected:
  static void expect_backprops(const Ode& ode, const SolveOptions& steps) {
    const auto [solver, gradient, checkpoints] = GetParam();
    const auto found = differentiate(ode, with(solver, steps, gradient, checkpoints));
    const auto expected = differentiate(ode, with(solver, steps, GradientKind::backprop));
    EXPECT_EQ(found.statistics.steps_accepted, expected.statistics.steps_accepted);
    EXPECT_EQ(found.statistics.nfe_forward, expected.statistics.nfe_forward);
    EXPECT_LE(gap(found, expected), tolerance);
    if (checkpoints > 0) {
      EXPECT_LE(found.statistics.snapshots, checkpoints);
    }
  }
};

TEST_P(DiscreteGradient, EqualsBackpropsOnAFixedGridThatDoesNotDivide) {
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0.2, 1.3}, fixed_steps(0.15));
}

TEST_P(DiscreteGradient, EqualsBackpropsOnTrajectoriesOfTuplesBackwardInTime) {
  const Mlp mlp;
  const auto f = dynamics(
      [mlp](const at::Tensor& t, const TensorList& z) {
        return TensorList{mlp(t, z[0]) + z[1].sum(), z[0].sum() * t - z[1]};
      },
      mlp.parameters());
  expect_backprops({f, {wave({3, 4}), wave({2}, 1)}, 1, -0.4, {1, 0.55, 0.1, -0.4}}, fixed_steps(0.2));
}

TEST_P(DiscreteGradient, EqualsBackpropsOnAdaptiveSteps) {
  if (!is_adaptive(GetParam().solver)) return;
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0, 2, {0.7, 2}}, adaptive_steps(1e-4, 1e-6));
}

std::vector<Discrete> discrete() {
  std::vector<Discrete> all;
  for (const auto solver : solvers) {
    all.push_back({solver, GradientKind::aca, 0});
    all.push_back({solver, GradientKind::anode, 0});
    for (const std::int64_t checkpoints : {0, 1, 2, 100}) all.push_back({solver, GradientKind::pnode, checkpoints});
  }
  return all;
}

std::string name_of(const Discrete& method) {
  const bool aca = method.gradient == GradientKind::aca, anode = method.gradient == GradientKind::anode;
  return name_of(method.solver) + (aca ? "_aca" : anode ? "_anode" : "_pnode" + std::to_string(method.checkpoints));
}

INSTANTIATE_TEST_SUITE_P(Methods, DiscreteGradient, ::testing::ValuesIn(discrete()), [](const auto& info) { return name_of(info.param); });

class Solver : public ::testing::TestWithParam<SolverKind> {
 protected:
  /// dz/dt = cos(t) z, z(0) = 1: z(t) = exp(sin t).
  static double end_error(const SolveOptions& options) {
    const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.cos() * z[0]}; });
    const auto solution = solve_plainly({f, {at::ones({1}, at::kDouble)}, 0, 2}, with(GetParam(), options, GradientKind::none));
    return std::fabs(solution.states[0].item<double>() - std::exp(std::sin(2.0)));
  }
};

TEST_P(Solver, HasItsOrder) {
  const int order = GetParam() == SolverKind::alf ? 2 : tableau_of(GetParam()).order;
  // error(h) / error(h / 2) -> 2^order; the next power of h leaves some per cent. Order 8 is at rounding for shorter steps.
  const double h = order >= 8 ? 0.5 : order >= 4 ? 1.0 / 32 : 1.0 / 64;
  const double ratio = end_error(fixed_steps(h)) / end_error(fixed_steps(h / 2));
  EXPECT_NEAR(std::log2(ratio), order, order >= 8 ? 0.7 : 0.2);
}

TEST_P(Solver, ReachesItsTolerance) {
  if (!is_adaptive(GetParam())) return;
  for (const auto controller : {ControllerKind::pi, ControllerKind::i, ControllerKind::pid}) {
    auto options = adaptive_steps(1e-6, 1e-6);
    options.steps.controller = controller;
    EXPECT_LE(end_error(options), 1e-4) << static_cast<int>(controller);  // per step, over some hundred of them
  }
}

TEST_P(Solver, EvaluatesFOnceAStageAndNeverTwiceAtAStep) {
  const Mlp mlp;
  const auto fixed = solve_plainly({mlp.dynamics(), {wave({3, 4})}}, with(GetParam(), fixed_steps(0.1), GradientKind::none)).statistics;
  if (GetParam() == SolverKind::alf) {
    EXPECT_EQ(fixed->nfe_forward, 11);
    return;
  }
  const auto& tableau = tableau_of(GetParam());
  const auto stages = static_cast<std::int64_t>(tableau.stages());
  EXPECT_EQ(fixed->nfe_forward, tableau.fsal ? 10 * (stages - 1) + 1 : 10 * stages);
  if (tableau.error_order == 0) return;
  // A first step far too long is rejected; f(t, z) is kept.
  auto options = adaptive_steps(1e-7, 1e-9);
  options.steps.initial_step_size = 5;
  const auto adaptive = solve_plainly({mlp.dynamics(), {wave({3, 4})}, 0, 6}, with(GetParam(), options, GradientKind::none)).statistics;
  EXPECT_GT(adaptive->steps_rejected, 0);
  const auto trials = adaptive->steps_accepted + adaptive->steps_rejected;
  EXPECT_EQ(adaptive->nfe_forward, trials * (stages - 1) + (tableau.fsal ? 1 : adaptive->steps_accepted));
}

TEST_P(Solver, WithoutAnErrorEstimateNeedsAStepSize) {
  if (is_adaptive(GetParam())) return;
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { check(with(GetParam(), adaptive_steps(1e-3, 1e-6), GradientKind::aca)); }),
              HasSubstr("no error estimate"));
}

TEST_P(Solver, AdjointConvergesToBackpropAtTheSolversOrder) {
  const auto method = GetParam();
  const int order = method == SolverKind::alf ? 2 : tableau_of(method).order;
  if (order >= 8) return;  // at rounding from the first step on
  const auto difference = [&](double h) {
    const Mlp mlp;
    const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.5, 1}};
    return gap(differentiate(ode, with(method, fixed_steps(h), GradientKind::adjoint)),
               differentiate(ode, with(method, fixed_steps(h), GradientKind::backprop)));
  };
  const double h = order >= 4 ? 0.125 : 1.0 / 32;
  EXPECT_GE(std::log2(difference(h) / difference(h / 2)), order - 0.5);
}

TEST_P(Solver, TablesAreConsistent) {
  if (GetParam() == SolverKind::alf) return;
  const auto& tableau = tableau_of(GetParam());
  const auto sum = [](const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); };
  EXPECT_NEAR(sum(tableau.b), 1, 1e-14);
  if (!tableau.error.empty()) {
    EXPECT_NEAR(sum(tableau.error), 0, 1e-13);
  }
  for (std::size_t i = 0; i < tableau.stages(); ++i) EXPECT_NEAR(sum(tableau.a[i]), tableau.c[i], 2e-13) << i;
  EXPECT_EQ(tableau.b.size(), tableau.stages());
}

INSTANTIATE_TEST_SUITE_P(All, Solver, ::testing::ValuesIn(solvers), [](const auto& info) { return name_of(info.param); });

TEST(Adjoint, HasGradientsOfAllInputsWithAdaptiveStepsAndSeminorm) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0.2, 1.4, {0.5, 1.4}};
  auto options = with(SolverKind::dopri5, adaptive_steps(1e-9, 1e-10), GradientKind::adjoint);
  const auto expected = differentiate(ode, with(SolverKind::dopri5, adaptive_steps(1e-11, 1e-12), GradientKind::backprop));
  EXPECT_LE(gap(differentiate(ode, options), expected), 1e-7);
  const auto full = differentiate(ode, options).statistics.nfe_backward;
  options.adjoint_seminorm = true;
  const auto semi = differentiate(ode, options);
  EXPECT_LE(gap(semi, expected), 1e-6);
  EXPECT_LE(semi.statistics.nfe_backward, full);
}

TEST(Pnode, MakesAsFewStepsAgainAsProven) {
  const Mlp mlp;
  for (const std::int64_t checkpoints : {1, 2, 3, 7, 19})
    for (const int steps : {1, 2, 5, 20}) {
      const auto statistics =
          differentiate({mlp.dynamics(), {wave({3, 4})}}, with(SolverKind::rk4, fixed_steps(1.0 / steps), GradientKind::pnode, checkpoints))
              .statistics;
      EXPECT_EQ(statistics.steps_replayed, fewest_recomputed(steps, checkpoints)) << checkpoints << " " << steps;
      EXPECT_LE(statistics.snapshots, checkpoints);
      EXPECT_EQ(statistics.nfe_backward, 4 * steps);
    }
}

TEST(Anode, KeepsNothingBetweenTheSweepsAndMakesEveryStepAgain) {
  const Mlp mlp;
  const auto z0 = wave({3, 4}).requires_grad_();
  const auto solution = solve_plainly({mlp.dynamics(), {z0}}, with(SolverKind::euler, fixed_steps(0.1), GradientKind::anode));
  EXPECT_EQ(solution.statistics->snapshots, 0);
  loss_of(solution.states).backward();
  EXPECT_EQ(solution.statistics->steps_replayed, 9);
  EXPECT_EQ(solution.statistics->nfe_backward, 10);
}

TEST(DiscreteMethods, ReplayDropoutMasks) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.3, true).sin()}; });
  for (const auto solver : {SolverKind::bosh3, SolverKind::rk4, SolverKind::alf})
    for (const auto& steps : {fixed_steps(0.1), adaptive_steps(1e-2, 1e-2)}) {
      if (solver == SolverKind::rk4 && steps.steps.step_size == 0) continue;
      const auto seeded = [&](GradientKind gradient, std::int64_t checkpoints) {
        torch::manual_seed(4);
        return differentiate({f, {wave({20})}}, with(solver, steps, gradient, checkpoints));
      };
      EXPECT_LE(gap(seeded(GradientKind::aca, 0), seeded(GradientKind::pnode, 1)), tolerance);
      EXPECT_LE(gap(seeded(GradientKind::aca, 0), seeded(GradientKind::anode, 0)), tolerance);
    }
}

TEST(DiscreteMethods, LeaveRunningStatisticsAsTheForwardSweepDid) {
  torch::manual_seed(3);
  torch::nn::Sequential module(torch::nn::Conv2d(torch::nn::Conv2dOptions(2, 2, 3).padding(1)), torch::nn::BatchNorm2d(2));
  module->to(at::kDouble);
  const auto bn = module[1]->as<torch::nn::BatchNorm2d>();
  const auto f = std::make_shared<ModuleDynamics>(
      module.ptr(), [module](const at::Tensor&, const TensorList& z) mutable { return TensorList{module->forward(z[0])}; });
  for (const auto gradient : {GradientKind::aca, GradientKind::anode, GradientKind::pnode, GradientKind::adjoint}) {
    const auto z0 = wave({3, 2, 4, 4}).requires_grad_();
    const auto solution = solve_plainly({f, {z0}}, with(SolverKind::rk4, fixed_steps(0.25), gradient, 1));
    const auto mean = bn->running_mean.clone();
    loss_of(solution.states).backward();
    EXPECT_TRUE(identical(bn->running_mean, mean));
    EXPECT_TRUE(module[0]->as<torch::nn::Conv2d>()->weight.grad().defined());
  }
}

TEST(DiscreteMethods, AnInputChangedInPlaceIsAnErrorThatNamesIt) {
  const Mlp mlp;
  for (const auto gradient : {GradientKind::aca, GradientKind::anode, GradientKind::pnode}) {
    auto z0 = wave({3, 4});
    const auto solution = solve_plainly({mlp.dynamics(), {z0}}, with(SolverKind::rk4, fixed_steps(0.1), gradient));
    z0.zero_();
    EXPECT_THAT(error_text(Status::invalid_argument, [&] { loss_of(solution.states).backward(); }), HasSubstr("z0[0]"));
  }
}

TEST(DiscreteMethods, ARetainedGraphIsDifferentiatedTwiceAlike) {
  const Mlp mlp;
  for (const auto gradient : {GradientKind::aca, GradientKind::anode, GradientKind::pnode, GradientKind::adjoint}) {
    const auto z0 = wave({3, 4}).requires_grad_();
    const auto loss = loss_of(solve_plainly({mlp.dynamics(), {z0}}, with(SolverKind::dopri5, fixed_steps(0.1), gradient, 3)).states);
    const auto once = torch::autograd::grad({loss}, {z0}, {}, /*retain_graph=*/true)[0];
    EXPECT_TRUE(identical(once, torch::autograd::grad({loss}, {z0})[0]));
  }
}

TEST(MethodOptions, ThatDoNotFitAreRefused) {
  const auto refused = [](const SolveOptions& options) { return error_text(Status::invalid_argument, [&] { check(options); }); };
  EXPECT_THAT(refused(with(SolverKind::rk4, fixed_steps(0.1), GradientKind::mali)), HasSubstr("choose pnode"));
  auto options = with(SolverKind::alf, fixed_steps(0.1), GradientKind::aca);
  options.checkpoints = 3;
  EXPECT_THAT(refused(options), HasSubstr("checkpoints: 3"));
  options.checkpoints = -1;
  EXPECT_THAT(refused(options), HasSubstr("checkpoints: -1"));
  options = with(SolverKind::rk4, fixed_steps(0.1, 0.9), GradientKind::aca);
  EXPECT_THAT(refused(options), HasSubstr("eta: 0.9"));
  options = with(SolverKind::rk4, fixed_steps(0.1), GradientKind::aca);
  options.adjoint_seminorm = true;
  EXPECT_THAT(refused(options), HasSubstr("adjoint_seminorm"));
  options.gradient = GradientKind::adjoint;
  EXPECT_THAT(refused(options), HasSubstr("adjoint_seminorm"));
  options = with(SolverKind::rk4, fixed_steps(0.1), GradientKind::none);
  options.reversal = ReversalKind::exact;
  EXPECT_THAT(refused(options), HasSubstr("reversal"));
  options = with(SolverKind::alf, fixed_steps(0.1), GradientKind::aca);
  options.steps.controller = static_cast<ControllerKind>(3);
  EXPECT_THAT(refused(options), HasSubstr("controller: 3"));
}

}  // namespace
}  // namespace neuralode::testing
