// States interpolated inside steps: every solver with every gradient method, against backprop through the same steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "dynamics/split_dynamics.h"
#include "solvers/tableau.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64; some hundred evaluations of slope near 1

constexpr SolverKind implicit_solvers[] = {SolverKind::backward_euler, SolverKind::crank_nicolson, SolverKind::trbdf2,
                                           SolverKind::kencarp3};
constexpr SolverKind solvers[] = {SolverKind::alf,   SolverKind::euler, SolverKind::midpoint, SolverKind::heun,  SolverKind::heun_euler,
                                  SolverKind::bosh3, SolverKind::rk4,   SolverKind::dopri5,   SolverKind::tsit5, SolverKind::dopri8};

std::string name_of(SolverKind solver) {
  std::string name = traits_of(solver).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

SolveOptions dense(SolverKind solver, SolveOptions options, GradientKind gradient = GradientKind::none, std::int64_t checkpoints = 0) {
  options.solver = solver;
  options.gradient = gradient;
  options.checkpoints = gradient == GradientKind::pnode ? checkpoints : 0;
  options.dense_output = true;
  if (traits_of(solver).implicit) {
    options.newton.tolerance = options.steps.step_size > 0 ? 1e-13 : 1e-9;
    options.newton.max_iterations = 30;
  }
  return options;
}

struct Discrete {
  SolverKind solver;
  GradientKind gradient;
  std::int64_t checkpoints;
};

class DenseGradient : public ::testing::TestWithParam<Discrete> {
 protected:
  static void expect_backprops(const Ode& ode, const SolveOptions& steps) {
    const auto [solver, gradient, checkpoints] = GetParam();
    const auto found = differentiate(ode, dense(solver, steps, gradient, checkpoints));
    const auto expected = differentiate(ode, dense(solver, steps, GradientKind::backprop));
    EXPECT_EQ(found.statistics.steps_accepted, expected.statistics.steps_accepted);
    if (!traits_of(solver).implicit) {  // backprop linearises their stages besides
      EXPECT_EQ(found.statistics.nfe_forward, expected.statistics.nfe_forward);
    }
    EXPECT_LE(gap(found, expected), tolerance);
  }
};

// Steps end at 0.35, 0.5, ...: outputs at t0, several in one step, at a step's end, in the shortened last step, at t1.
TEST_P(DenseGradient, EqualsBackpropsOnAFixedGrid) {
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0.2, 1.3, {0.2, 0.21, 0.27, 0.34, 0.2 + 2 * 0.15, 0.9, 1.26, 1.29, 1.3}},
                   fixed_steps(0.15));
}

TEST_P(DenseGradient, EqualsBackpropsWhereT1IsNotAskedFor) {
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0.2, 1.3, {0.4, 0.41}}, fixed_steps(0.15));
}

TEST_P(DenseGradient, EqualsBackpropsOnTuplesBackwardInTime) {
  const Mlp mlp;
  const auto f = dynamics(
      [mlp](const at::Tensor& t, const TensorList& z) {
        return TensorList{mlp(t, z[0]) + z[1].sum(), z[0].sum() * t - z[1]};
      },
      mlp.parameters());
  expect_backprops({f, {wave({3, 4}), wave({2}, 1)}, 1, -0.4, {1, 0.55, 0.5, 0.1, -0.39, -0.4}}, fixed_steps(0.08));
}

TEST_P(DenseGradient, EqualsBackpropsOnAdaptiveSteps) {
  if (traits_of(GetParam().solver).error_order == 0) return;
  const Mlp mlp;
  expect_backprops({mlp.dynamics(), {wave({3, 4})}, 0, 2, {0.1, 0.7, 0.71, 1.99, 2}}, adaptive_steps(1e-4, 1e-6));
}

std::vector<Discrete> discrete() {
  std::vector<Discrete> all;
  for (const auto solver : solvers) {
    all.push_back({solver, GradientKind::aca, 0});
    all.push_back({solver, GradientKind::anode, 0});
    for (const std::int64_t checkpoints : {0, 2}) all.push_back({solver, GradientKind::pnode, checkpoints});
  }
  all.push_back({SolverKind::alf, GradientKind::mali, 0});
  for (const auto solver : implicit_solvers)
    for (const auto gradient : {GradientKind::aca, GradientKind::pnode}) all.push_back({solver, gradient, 2});
  return all;
}

std::string name_of(const Discrete& method) {
  const char* names[] = {"_mali", "_backprop", "_none", "_adjoint", "_aca", "_anode", "_pnode"};
  return name_of(method.solver) + names[static_cast<int>(method.gradient)] +
         (method.checkpoints > 0 ? std::to_string(method.checkpoints) : "");
}

INSTANTIATE_TEST_SUITE_P(Methods, DenseGradient, ::testing::ValuesIn(discrete()), [](const auto& info) { return name_of(info.param); });

class Interpolation : public ::testing::TestWithParam<SolverKind> {
 protected:
  /// dz/dt = cos(t) z, z(0) = 1: z(t) = exp(sin t). The largest error over times inside the steps.
  static double largest_error(double h) {
    std::vector<double> times;
    for (double t = 0.013; t < 2; t += 0.0371) times.push_back(t);
    const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.cos() * z[0]}; });
    const auto states = solve_plainly({f, {at::ones({1}, at::kDouble)}, 0, 2, times}, dense(GetParam(), fixed_steps(h))).states[0];
    return (states.view({-1}) - at::tensor(times, at::kDouble).sin().exp()).abs().max().item<double>();
  }
};

TEST_P(Interpolation, HasItsOrder) {
  // Over a whole solve: Hermite's h^4 or the method's own interpolant's h^5 on steps of the method's order.
  const auto solver = GetParam();
  const int own = solver == SolverKind::dopri5 || solver == SolverKind::tsit5 ? 5 : 4;
  const int order = std::min(traits_of(solver).order, own);
  const double h = order >= 4 ? 1.0 / 4 : 1.0 / 32;
  EXPECT_GE(std::log2(largest_error(h) / largest_error(h / 2)), order - 0.35);  // the largest error moves between the times asked for
}

TEST_P(Interpolation, JoinsTheStepsWithTheirSlopes) {
  if (GetParam() == SolverKind::alf || traits_of(GetParam()).implicit) return;
  const auto& tableau = dense_tableau_of(GetParam());
  const auto start = weights_at(tableau.interpolant, 0), end = weights_at(tableau.interpolant, 1);
  const auto slope_at_start = slopes_at(tableau.interpolant, 0), slope_at_end = slopes_at(tableau.interpolant, 1);
  const auto last = tableau.stages() - 1;
  for (std::size_t i = 0; i <= last; ++i) {
    EXPECT_EQ(start[i], 0);
    EXPECT_NEAR(end[i], tableau.b[i], 1e-13) << i;
    EXPECT_NEAR(slope_at_start[i], i == 0 ? 1 : 0, 1e-13) << i;
    EXPECT_NEAR(slope_at_end[i], i == last ? 1 : 0, 1e-12) << i;
  }
  for (const double theta : {0.1, 0.5, 0.8}) {
    const auto at = weights_at(tableau.interpolant, theta), slopes = slopes_at(tableau.interpolant, theta);
    EXPECT_NEAR(std::accumulate(at.begin(), at.end(), 0.0), theta, 1e-13);  // order 1
    EXPECT_NEAR(std::accumulate(slopes.begin(), slopes.end(), 0.0), 1, 1e-12);
  }
}

TEST_P(Interpolation, CostsNoEvaluationAnOutput) {
  const Mlp mlp;
  const auto evaluations = [&](std::vector<double> t_eval) {
    return solve_plainly({mlp.dynamics(), {wave({3, 4})}, 0, 1, std::move(t_eval)}, dense(GetParam(), fixed_steps(0.1)))
        .statistics->nfe_forward;
  };
  const auto without = evaluations({});
  EXPECT_EQ(evaluations({0.01, 0.02, 0.5, 0.93}), without);
  if (traits_of(GetParam()).implicit) return;
  // Every step's closing evaluation starts the next one.
  const auto stages = GetParam() == SolverKind::alf ? 1 : static_cast<std::int64_t>(dense_tableau_of(GetParam()).stages()) - 1;
  EXPECT_EQ(without, 10 * stages + 1);
}

TEST_P(Interpolation, GivesTheStepsThemselvesAtTheirEnds) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.25, 0.5, 0.75, 1}};
  auto landing = dense(GetParam(), fixed_steps(0.25));
  landing.dense_output = false;
  // The interpolants' weights at 1 are the step's to rounding; the grid of both is the same.
  EXPECT_LE(gap(solve_plainly(ode, dense(GetParam(), fixed_steps(0.25))).states, solve_plainly(ode, landing).states), 1e-14);
}

TEST_P(Interpolation, AdjointConvergesToBackprop) {
  const Mlp mlp;
  const auto difference = [&](double h) {
    const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.13, 0.52, 0.9}};
    return gap(differentiate(ode, dense(GetParam(), fixed_steps(h), GradientKind::adjoint)),
               differentiate(ode, dense(GetParam(), fixed_steps(h), GradientKind::backprop)));
  };
  // dz/dtheta of an interpolant is one order below it, the rest of the steps' own order. Where in its step an output lies changes with h,
  // and its error with that: over three halvings half an order each is allowed for.
  const int order = std::min(traits_of(GetParam()).order, 3);
  EXPECT_GE(std::log2(difference(1.0 / 8) / difference(1.0 / 64)), 3 * order - 1.5);
}

INSTANTIATE_TEST_SUITE_P(All, Interpolation, ::testing::ValuesIn(solvers), [](const auto& info) { return name_of(info.param); });
INSTANTIATE_TEST_SUITE_P(Implicit, Interpolation, ::testing::ValuesIn(implicit_solvers),
                         [](const auto& info) { return name_of(info.param); });

TEST(DenseOutput, OfSplitDynamicsIsBackprops) {
  const Mlp slow;
  const auto rate = wave({4}, 0.7, 8).abs().requires_grad_();
  const auto fast = dynamics([rate](const at::Tensor& t, const TensorList& z) { return TensorList{rate * (t.cos() - z[0])}; }, {rate});
  const Ode ode{std::make_shared<SplitDynamics>(slow.dynamics(), fast), {wave({3, 4})}, 0.1, 1, {0.13, 0.4, 0.97}};
  const auto expected = differentiate(ode, dense(SolverKind::kencarp3, fixed_steps(0.1), GradientKind::backprop));
  EXPECT_LE(gap(differentiate(ode, dense(SolverKind::kencarp3, fixed_steps(0.1), GradientKind::pnode, 2)), expected), tolerance);
}

TEST(DenseOutput, IsBackpropsWithEveryKindOfSnapshotAndDamping) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.11, 0.13, 0.52, 0.97}};
  for (const double eta : {1.0, 0.9, 0.3}) {
    auto options = dense(SolverKind::alf, fixed_steps(0.1, eta), GradientKind::mali);
    const auto expected = differentiate(ode, dense(SolverKind::alf, fixed_steps(0.1, eta), GradientKind::backprop));
    EXPECT_LE(gap(differentiate(ode, options), expected), tolerance);
    options.snapshots = SnapshotKind::every;
    options.snapshot_interval = 3;
    EXPECT_LE(gap(differentiate(ode, options), expected), tolerance);
  }
}

TEST(DenseOutput, OfExactReversalIsThatOfFloats) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.11, 0.13, 0.52, 0.97}};
  auto options = dense(SolverKind::alf, fixed_steps(0.1), GradientKind::mali);
  options.reversal = ReversalKind::exact;
  // The lattice has 48 bits of the data's scale.
  EXPECT_LE(gap(differentiate(ode, options), differentiate(ode, dense(SolverKind::alf, fixed_steps(0.1), GradientKind::backprop))), 1e-11);
}

TEST(DenseOutput, ReplaysDropoutMasks) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.3, true).sin()}; });
  for (const auto solver : {SolverKind::bosh3, SolverKind::heun_euler})
    for (const auto& steps : {fixed_steps(0.1), adaptive_steps(1e-2, 1e-2)}) {
      const auto seeded = [&](GradientKind gradient, std::int64_t checkpoints) {
        torch::manual_seed(4);
        return differentiate({f, {wave({20})}, 0, 1, {0.33, 0.77}}, dense(solver, steps, gradient, checkpoints));
      };
      const auto expected = seeded(GradientKind::aca, 0);
      EXPECT_LE(gap(seeded(GradientKind::pnode, 1), expected), tolerance);
      EXPECT_LE(gap(seeded(GradientKind::anode, 0), expected), tolerance);
    }
}

TEST(DenseOutput, DoesNotShortenAdaptiveSteps) {
  const Mlp mlp;
  const auto times = [&](std::vector<double> t_eval) {
    const auto solution =
        solve_plainly({mlp.dynamics(), {wave({3, 4})}, 0, 3, std::move(t_eval)}, dense(SolverKind::dopri5, adaptive_steps(1e-6, 1e-8)));
    std::vector<double> result;
    for (const auto& step : solution.grid->steps) result.push_back(step.t);
    return result;
  };
  EXPECT_EQ(times({0.001, 0.002, 0.5, 1.7, 1.7001}), times({}));
}

TEST(DenseOutput, KeepsFloat32AndLayouts) {
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{(z[0] * t).sin()}; });
  const auto z0 = wave({2, 3, 4, 4}, 0, 1, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
  for (const auto solver : {SolverKind::rk4, SolverKind::alf}) {
    const Ode ode{f, {z0}, 0, 1, {0.33, 0.4, 0.77}};
    const auto found = differentiate(ode, dense(solver, fixed_steps(0.125), GradientKind::aca));
    EXPECT_EQ(found.states[0].scalar_type(), at::kFloat);
    // 2^-24 a step, eight steps.
    EXPECT_LE(gap(found, differentiate(ode, dense(solver, fixed_steps(0.125), GradientKind::backprop))), 1e-5);
  }
}

TEST(DenseOutput, IsRefusedWhereThereIsNothingBetweenSteps) {
  const auto text = error_text(Status::invalid_argument, [] { check(dense(SolverKind::reversible_heun, fixed_steps(0.1))); });
  EXPECT_THAT(text, HasSubstr("dense_output"));
  auto coupled = dense(SolverKind::rk4, fixed_steps(0.1));
  coupled.coupling = 0.999;
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { check(coupled); }), HasSubstr("dense_output"));
}

TEST(Adjoint, NeedsNoOutputAtT1) {
  const Mlp mlp;
  auto options = adaptive_steps(1e-10, 1e-11, GradientKind::adjoint);
  options.solver = SolverKind::dopri5;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0.2, 1.4, {0.5, 0.9}};
  const auto found = differentiate(ode, options);
  options.gradient = GradientKind::backprop;
  EXPECT_LE(gap(found, differentiate(ode, options)), 1e-7);  // both solve to 1e-10 a step
}

}  // namespace
}  // namespace neuralode::testing
