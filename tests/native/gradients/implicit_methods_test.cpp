// Implicit solvers with every gradient method, against backprop through the same steps: two recorded Newton iterations with a dense
// Jacobian, where the others solve transposed equations.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "dynamics/callback_dynamics.h"
#include "dynamics/split_dynamics.h"
#include "gradients/revolve.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64; the equations below are solved to 1e-12
constexpr SolverKind solvers[] = {SolverKind::backward_euler, SolverKind::crank_nicolson, SolverKind::trbdf2, SolverKind::kencarp3};

bool is_adaptive(SolverKind solver) { return traits_of(solver).error_order > 0; }
std::string name_of(SolverKind solver) {
  std::string name = traits_of(solver).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// What linear algebra solves the stages.
enum class Algebra { dense, krylov };

SolveOptions with(SolverKind solver, SolveOptions options, GradientKind gradient, Algebra algebra = Algebra::dense,
                  std::int64_t checkpoints = 0, bool stages = false) {
  options.solver = solver;
  options.gradient = gradient;
  options.newton.tolerance = options.steps.step_size > 0 ? 1e-13 : 1e-9;
  options.newton.max_iterations = 30;
  if (algebra == Algebra::krylov) options.newton.dense_limit = 1;
  options.checkpoints = gradient == GradientKind::pnode ? checkpoints : 0;
  options.checkpoint_stages = stages;
  return options;
}

struct Discrete {
  SolverKind solver;
  GradientKind gradient;
  Algebra algebra;
  std::int64_t checkpoints;
  bool stages;
};

class ImplicitGradient : public ::testing::TestWithParam<Discrete> {
 protected:
  static void expect_backprops(const Ode& ode, const SolveOptions& steps) {
    const auto [solver, gradient, algebra, checkpoints, stages] = GetParam();
    const auto found = differentiate(ode, with(solver, steps, gradient, algebra, checkpoints, stages));
    const auto expected = differentiate(ode, with(solver, steps, GradientKind::backprop));
    EXPECT_EQ(found.statistics.steps_accepted, expected.statistics.steps_accepted);
    EXPECT_LE(gap(found, expected), tolerance);
    if (checkpoints > 0) {
      EXPECT_LE(found.statistics.snapshots, checkpoints);
    }
  }
};

TEST_P(ImplicitGradient, EqualsBackpropsOnAFixedGridThatDoesNotDivide) {
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0.2, 1.3}, fixed_steps(0.15));
}

TEST_P(ImplicitGradient, EqualsBackpropsOnTrajectoriesOfTuplesBackwardInTime) {
  const Mlp mlp;
  const auto f = dynamics(
      [mlp](const at::Tensor& t, const TensorList& z) {
        return TensorList{mlp(t, z[0]) + z[1].sum(), z[0].sum() * t - z[1]};
      },
      mlp.parameters());
  expect_backprops({f, {wave({3, 4}), wave({2}, 1)}, 1, -0.4, {1, 0.55, 0.1, -0.4}}, fixed_steps(0.08));
}

TEST_P(ImplicitGradient, EqualsBackpropsOnAdaptiveSteps) {
  const auto [solver, gradient, algebra, checkpoints, stages] = GetParam();
  if (!is_adaptive(solver)) return;
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 2, {0.7, 2}};
  if (algebra == Algebra::dense) return expect_backprops(ode, adaptive_steps(1e-4, 1e-6));
  // GMRES damps error estimates a little differently, so that backprop, which is dense, has other steps; aca has the same ones.
  const auto found = differentiate(ode, with(solver, adaptive_steps(1e-4, 1e-6), gradient, algebra, checkpoints, stages));
  EXPECT_LE(gap(found, differentiate(ode, with(solver, adaptive_steps(1e-4, 1e-6), GradientKind::aca, algebra))), tolerance);
}

/// A slow part stepped explicitly and a fast one stepped implicitly, both with parameters.
TEST_P(ImplicitGradient, EqualsBackpropsOnSplitDynamics) {
  const Mlp slow;
  const auto rate = wave({4}, 0.7, 8).abs().requires_grad_();
  const auto fast = dynamics([rate](const at::Tensor& t, const TensorList& z) { return TensorList{rate * (t.cos() - z[0])}; }, {rate});
  expect_backprops({std::make_shared<SplitDynamics>(slow.dynamics(), fast), {wave({3, 4})}, 0.1, 1, {0.4, 1}}, fixed_steps(0.1));
}

std::vector<Discrete> discrete() {
  std::vector<Discrete> all;
  for (const auto solver : solvers)
    for (const auto algebra : {Algebra::dense, Algebra::krylov}) {
      all.push_back({solver, GradientKind::aca, algebra, 0, false});
      all.push_back({solver, GradientKind::anode, algebra, 0, false});
      for (const std::int64_t checkpoints : {0, 2}) {
        all.push_back({solver, GradientKind::pnode, algebra, checkpoints, false});
        all.push_back({solver, GradientKind::pnode, algebra, checkpoints, true});
      }
    }
  return all;
}

std::string name_of(const Discrete& method) {
  const bool aca = method.gradient == GradientKind::aca, anode = method.gradient == GradientKind::anode;
  return name_of(method.solver) +
         (aca     ? "_aca"
          : anode ? "_anode"
                  : "_pnode" + std::to_string(method.checkpoints)) +
         (method.stages ? "_stages" : "") + (method.algebra == Algebra::krylov ? "_krylov" : "");
}

INSTANTIATE_TEST_SUITE_P(Methods, ImplicitGradient, ::testing::ValuesIn(discrete()), [](const auto& info) { return name_of(info.param); });

class ImplicitSolver : public ::testing::TestWithParam<SolverKind> {};

TEST_P(ImplicitSolver, AdjointConvergesToBackpropAtTheSolversOrder) {
  const int order = traits_of(GetParam()).order;
  const auto difference = [&](double h) {
    const Mlp mlp;
    const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.5, 1}};
    auto adjoint = with(GetParam(), fixed_steps(h), GradientKind::adjoint);
    adjoint.newton.tolerance = 1e-11;  // products by differences solve no closer
    return gap(differentiate(ode, adjoint), differentiate(ode, with(GetParam(), fixed_steps(h), GradientKind::backprop)));
  };
  EXPECT_GE(std::log2(difference(1.0 / 16) / difference(1.0 / 32)), order - 0.5);
}

TEST_P(ImplicitSolver, KeepingStagesSavesEveryStepAndAgreesToTheBit) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}};
  const auto without = differentiate(ode, with(GetParam(), fixed_steps(0.1), GradientKind::pnode));
  const auto kept = differentiate(ode, with(GetParam(), fixed_steps(0.1), GradientKind::pnode, Algebra::dense, 0, /*stages=*/true));
  EXPECT_EQ(without.statistics.steps_replayed, 10);  // each solved again for its stages
  EXPECT_EQ(kept.statistics.steps_replayed, 0);
  EXPECT_EQ(gap(without, kept), 0);
  EXPECT_GT(kept.statistics.snapshot_bytes, without.statistics.snapshot_bytes);
  EXPECT_LT(kept.statistics.jacobian_products_backward, without.statistics.jacobian_products_backward);
}

TEST_P(ImplicitSolver, MakesAsFewStepsAgainAsProvenAndEachOnceForItsStages) {
  const Mlp mlp;
  for (const std::int64_t checkpoints : {1, 3}) {
    const auto statistics = differentiate({mlp.dynamics(), {wave({3, 4})}},
                                          with(GetParam(), fixed_steps(0.1), GradientKind::pnode, Algebra::dense, checkpoints))
                                .statistics;
    EXPECT_EQ(statistics.steps_replayed, fewest_recomputed(10, checkpoints) + 10);
  }
}

TEST_P(ImplicitSolver, HasSecondDerivativesByBackprop) {
  // dz/dt = -p z: z1 = R(-p h)^n z0, whose second derivative to p is compared with that of finite differences of the first.
  const auto first = [&](double value, bool twice) {
    const auto p = at::full({1}, value, at::kDouble).requires_grad_();
    const auto f = dynamics([p](const at::Tensor&, const TensorList& z) { return TensorList{-p * z[0] * z[0]}; }, {p});
    const auto end =
        solve_plainly({f, {at::ones({1}, at::kDouble)}}, with(GetParam(), fixed_steps(0.25), GradientKind::backprop)).states[0];
    const auto slope = torch::autograd::grad({end.sum()}, {p}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
    return (twice ? torch::autograd::grad({slope.sum()}, {p})[0] : slope).item<double>();
  };
  EXPECT_NEAR(first(1.3, true), (first(1.3 + 1e-5, false) - first(1.3 - 1e-5, false)) / 2e-5, 1e-8);
}

TEST_P(ImplicitSolver, DifferentiatesCallbacksWithAPullbackOfTheirOwn) {
  // u = -p z^3, with a hand-written pullback; products J v are had by differences.
  const auto p = at::full({1}, 1.4, at::kDouble).requires_grad_();
  const auto eval = [p](const at::Tensor&, const TensorList& z) { return TensorList{-p.detach() * z[0].pow(3)}; };
  const auto vjp = [p](const at::Tensor&, const TensorList& z, const TensorList& a_u, std::size_t) {
    return std::make_pair(
        TensorList{-p.detach() * z[0].pow(3)},
        InputCotangents{at::Tensor(), {-3 * p.detach() * z[0].square() * a_u[0]}, {-(z[0].pow(3) * a_u[0]).sum().view({1})}});
  };
  const auto callback = std::make_shared<CallbackDynamics>(eval, vjp, TensorList{p}, TensorList{});
  const auto plain = dynamics([p](const at::Tensor&, const TensorList& z) { return TensorList{-p * z[0].pow(3)}; }, {p});
  for (const auto algebra : {Algebra::dense, Algebra::krylov})
    for (const auto gradient : {GradientKind::pnode, GradientKind::backprop}) {
      if (gradient == GradientKind::backprop && algebra == Algebra::krylov) continue;
      const auto found = differentiate({callback, {wave({5})}}, with(GetParam(), fixed_steps(0.2), gradient, algebra));
      EXPECT_LE(gap(found, differentiate({plain, {wave({5})}}, with(GetParam(), fixed_steps(0.2), GradientKind::backprop))), tolerance);
    }
}

TEST_P(ImplicitSolver, ReplaysDropoutMasks) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.3, true).sin()}; });
  const auto seeded = [&](GradientKind gradient, std::int64_t checkpoints, bool stages) {
    torch::manual_seed(4);
    return differentiate({f, {wave({20})}}, with(GetParam(), fixed_steps(0.1), gradient, Algebra::dense, checkpoints, stages));
  };
  const auto aca = seeded(GradientKind::aca, 0, false);
  EXPECT_LE(gap(aca, seeded(GradientKind::pnode, 1, false)), tolerance);
  EXPECT_LE(gap(aca, seeded(GradientKind::pnode, 0, true)), tolerance);
  EXPECT_LE(gap(aca, seeded(GradientKind::anode, 0, false)), tolerance);
}

INSTANTIATE_TEST_SUITE_P(All, ImplicitSolver, ::testing::ValuesIn(solvers), [](const auto& info) { return name_of(info.param); });

TEST(ImplicitBackprop, OfALargeStateIsRefusedWithAWayOut) {
  const Mlp mlp;
  EXPECT_THAT(
      error_text(Status::unsupported,
                 [&] {
                   solve_plainly({mlp.dynamics(), {wave({20, 4})}}, with(SolverKind::trbdf2, fixed_steps(0.5), GradientKind::backprop));
                 }),
      HasSubstr("choose pnode"));
}

TEST(ImplicitOptions, ThatDoNotFitAreRefused) {
  const auto refused = [](const SolveOptions& options) { return error_text(Status::invalid_argument, [&] { check(options); }); };
  auto options = fixed_steps(0.1, 1, GradientKind::aca);
  options.solver = SolverKind::rk4;
  options.newton.krylov_dimension = 5;
  EXPECT_THAT(refused(options), HasSubstr("krylov_dimension"));
  options.newton = {};
  options.newton.tolerance = 1e-3;
  EXPECT_THAT(refused(options), HasSubstr("newton_tolerance"));
  options.solver = SolverKind::trbdf2;
  options.newton.tolerance = -1;
  EXPECT_THAT(refused(options), HasSubstr("newton_tolerance: -1"));
  options.newton = {};
  options.checkpoint_stages = true;
  EXPECT_THAT(refused(options), HasSubstr("checkpoint_stages"));
  options.checkpoint_stages = false;
  options.gradient = GradientKind::mali;
  EXPECT_THAT(refused(options), HasSubstr("choose pnode"));
  options.gradient = GradientKind::reversible;
  EXPECT_THAT(refused(options), HasSubstr("choose pnode"));
  options = adaptive_steps(1e-3, 1e-6, GradientKind::pnode);
  options.solver = SolverKind::crank_nicolson;
  EXPECT_THAT(refused(options), HasSubstr("no error estimate"));
}

}  // namespace
}  // namespace neuralode::testing
