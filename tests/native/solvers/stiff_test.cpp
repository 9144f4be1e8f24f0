// Implicit solvers on stiff problems with published or exact solutions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "dynamics/callback_dynamics.h"
#include "dynamics/split_dynamics.h"
#include "solvers/implicit_tableau.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

constexpr SolverKind solvers[] = {SolverKind::backward_euler, SolverKind::crank_nicolson, SolverKind::trbdf2, SolverKind::kencarp3};

std::string name_of(SolverKind solver) {
  std::string name = traits_of(solver).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

SolveOptions adaptive(SolverKind solver, double rtol, double atol) {
  auto options = adaptive_steps(rtol, atol, GradientKind::none);
  options.solver = solver;
  return options;
}

/// f on the components of one vector.
template <class Function>
std::shared_ptr<Dynamics> componentwise(const Function& f) {
  return dynamics([f](const at::Tensor& t, const TensorList& z) { return TensorList{at::stack(f(t, z[0].unbind()))}; });
}

double relative_error(const at::Tensor& found, const std::vector<double>& expected) {
  const auto truth = at::tensor(expected, at::kDouble);
  return ((found - truth) / truth).abs().max().item<double>();
}

/// Chemical kinetics with rates from 0.04 to 3e7. Robertson 1966; Hairer & Wanner, Solving ODEs II, IV.1.
std::shared_ptr<Dynamics> robertson() {
  return componentwise([](const at::Tensor&, const TensorList& y) {
    const auto slow = 0.04 * y[0], middle = 1e4 * y[1] * y[2], fast = 3e7 * y[1].square();
    return TensorList{middle - slow, slow - middle - fast, fast};
  });
}

/// Relaxation oscillations: y'' = mu (1 - y^2) y' - y.
std::shared_ptr<Dynamics> van_der_pol(double mu) {
  return componentwise([mu](const at::Tensor&, const TensorList& y) { return TensorList{y[1], mu * (1 - y[0].square()) * y[1] - y[0]}; });
}

/// High irradiance response of plants, 8 reactions. Schafer 1975; Hairer & Wanner, IV.10.
std::shared_ptr<Dynamics> hires() {
  return componentwise([](const at::Tensor&, const TensorList& y) {
    const auto pair = 280 * y[5] * y[7];
    return TensorList{-1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007,
                      1.71 * y[0] - 8.75 * y[1],
                      -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4],
                      8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
                      -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
                      -pair + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6],
                      pair - 1.81 * y[6],
                      -pair + 1.81 * y[6]};
  });
}

class Stiff : public ::testing::TestWithParam<SolverKind> {};
class StiffAdaptive : public ::testing::TestWithParam<SolverKind> {};

TEST_P(Stiff, HasItsOrder) {
  // dz/dt = cos(t) z, z(0) = 1: z(t) = exp(sin t); error(h) / error(h / 2) -> 2^order.
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.cos() * z[0]}; });
  const auto error = [&](double h) {
    auto options = fixed_steps(h, 1, GradientKind::none);
    options.solver = GetParam();
    return std::fabs(solve_plainly({f, {at::ones({1}, at::kDouble)}, 0, 2}, options).states[0].item<double>() - std::exp(std::sin(2.0)));
  };
  EXPECT_NEAR(std::log2(error(1.0 / 32) / error(1.0 / 64)), traits_of(GetParam()).order, 0.1);
}

TEST_P(Stiff, TablesAreConsistentAndStifflyAccurate) {
  const auto& tableau = implicit_tableau_of(GetParam());
  for (std::size_t i = 0; i < tableau.stages(); ++i) {
    double row = 0, explicit_row = 0;
    for (const double a : tableau.a[i]) row += a;
    EXPECT_NEAR(row, tableau.c[i], 1e-15);
    if (tableau.explicit_a.empty()) continue;
    for (const double a : tableau.explicit_a[i]) explicit_row += a;
    EXPECT_NEAR(explicit_row, tableau.c[i], 1e-15);
  }
  EXPECT_EQ(tableau.a.back(), tableau.b);
  EXPECT_STREQ(tableau.name, traits_of(GetParam()).name);
  EXPECT_EQ(tableau.order, traits_of(GetParam()).order);
}

TEST_P(Stiff, LinearSystemWithAKnownSolution) {
  // z' = A (z - g(t)) + g'(t), eigenvalues of A -1 and -1e6 in rotated axes, z(0) = g(0): z = g. Steps of 0.05 are 5e4 fast times long.
  const auto rotation = at::tensor({0.6, 0.8, -0.8, 0.6}, at::kDouble).view({2, 2});
  const auto a = rotation.matmul(at::diag(at::tensor({-1.0, -1e6}, at::kDouble))).matmul(rotation.t());
  const auto g = [](const at::Tensor& t) { return at::stack({t.cos(), t.sin()}); };
  const auto f = dynamics([&](const at::Tensor& t, const TensorList& z) {
    return TensorList{a.matmul(z[0] - g(t)) + at::stack({-t.sin(), t.cos()})};
  });
  auto options = fixed_steps(0.05, 1, GradientKind::none);
  options.solver = GetParam();
  const auto end = solve_plainly({f, {g(at::zeros({}, at::kDouble))}, 0, 2}, options).states[0];
  // Order 1 along the slow axis: h / 2 times slopes below 1; the stiff one is within f''/lambda of g.
  EXPECT_LE((end - g(at::full({}, 2, at::kDouble))).abs().max().item<double>(), traits_of(GetParam()).order == 1 ? 0.03 : 1e-3);
}

TEST_P(StiffAdaptive, RobertsonAt40And4e5) {
  // t = 40: CVODE's and Hairer & Wanner's value; t = 4e5: mass is conserved, 1 = y1 + y2 + y3.
  const double rtol = 1e-6;
  const Ode ode{robertson(), {at::tensor({1.0, 0.0, 0.0}, at::kDouble)}, 0, 4e5, {40, 4e5}};
  const auto solution = solve_plainly(ode, adaptive(GetParam(), rtol, 1e-12));
  EXPECT_LE(relative_error(solution.states[0][0], {0.7158270688, 0.9185534764e-5, 0.2841637457}), 1e2 * rtol);
  EXPECT_NEAR(solution.states[0][1].sum().item<double>(), 1, 1e-9);
  EXPECT_GT(solution.statistics->newton_iterations, 0);
  RecordProperty("steps", static_cast<int>(solution.statistics->steps_accepted));
}

TEST_P(StiffAdaptive, RobertsonAt1e11) {
  // Test set for IVP solvers, problem rober. The first steps are 1e-15 of the interval.
  const auto solution =
      solve_plainly({robertson(), {at::tensor({1.0, 0.0, 0.0}, at::kDouble)}, 0, 1e11}, adaptive(GetParam(), 1e-4, 1e-14));
  EXPECT_LE(relative_error(solution.states[0], {0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050}), 1e-2);
}

TEST_P(StiffAdaptive, VanDerPolWithMu1000) {
  // Test set for IVP solvers (Mazzia & Magherini 2008), problem vdpol in its original time: y(2000), y'(2000).
  const auto solution = solve_plainly({van_der_pol(1e3), {at::tensor({2.0, 0.0}, at::kDouble)}, 0, 2000}, adaptive(GetParam(), 1e-6, 1e-9));
  EXPECT_LE(relative_error(solution.states[0], {1.706167732170483, -0.8928097010247975e-3}), 1e-3);
}

TEST_P(StiffAdaptive, Hires) {
  // Test set for IVP solvers, problem hires, t = 321.8122.
  const auto z0 = at::tensor({1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057}, at::kDouble);
  const auto solution = solve_plainly({hires(), {z0}, 0, 321.8122}, adaptive(GetParam(), 1e-6, 1e-10));
  EXPECT_LE(
      relative_error(solution.states[0], {0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
                                          0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2}),
      1e-3);
}

TEST_P(StiffAdaptive, TakesFarFewerStepsThanAnExplicitMethodMust) {
  const auto z0 = at::tensor({2.0, 0.0}, at::kDouble);
  const auto implicit_steps = solve_plainly({van_der_pol(1e3), {z0}, 0, 100}, adaptive(GetParam(), 1e-3, 1e-6)).statistics->steps_accepted;
  const auto explicit_steps =
      solve_plainly({van_der_pol(1e3), {z0}, 0, 100}, adaptive(SolverKind::dopri5, 1e-3, 1e-6)).statistics->steps_accepted;
  // dopri5 is stable for h |lambda| < 3.3, and lambda is about -3 mu: some 9e4 steps.
  EXPECT_GT(explicit_steps, 5e4);
  EXPECT_LT(implicit_steps, 200);
}

TEST_P(StiffAdaptive, MatrixFreeStepsAgreeWithDenseOnes) {
  // The heat equation on 100 points, eigenvalues to -4e4: GMRES on products, and a Jacobian of 100 x 100.
  const auto heat = dynamics([](const at::Tensor&, const TensorList& z) {
    const auto padded = at::constant_pad_nd(z[0], {1, 1});
    return TensorList{1e4 * (padded.slice(0, 0, 100) - 2 * z[0] + padded.slice(0, 2, 102))};
  });
  const auto z0 = (at::arange(1, 101, at::kDouble) * (M_PI / 101)).sin();
  auto options = adaptive(GetParam(), 1e-6, 1e-9);
  options.newton.dense_limit = 1000;
  const auto dense = solve_plainly({heat, {z0}, 0, 0.1}, options);
  options.newton.dense_limit = 1;
  const auto krylov = solve_plainly({heat, {z0}, 0, 0.1}, options);
  EXPECT_LE((dense.states[0] - krylov.states[0]).abs().max().item<double>(), 1e-5);
  // z0 is an eigenvector: exp(lambda t) times it, lambda = -4e4 sin^2(pi / 202).
  const double decay = std::exp(-4e4 * std::pow(std::sin(M_PI / 202), 2) * 0.1);
  EXPECT_LE((krylov.states[0] - decay * z0).abs().max().item<double>(), 1e-5);
}

TEST_P(StiffAdaptive, APreconditionerSavesProducts) {
  const auto heat = dynamics([](const at::Tensor&, const TensorList& z) {
    const auto padded = at::constant_pad_nd(z[0], {1, 1});
    return TensorList{1e4 * (padded.slice(0, 0, 100) - 2 * z[0] + padded.slice(0, 2, 102)) - z[0].pow(3)};
  });
  const auto laplacian =
      1e4 * (at::diag(at::ones(99, at::kDouble), 1) + at::diag(at::ones(99, at::kDouble), -1) - 2 * at::eye(100, at::kDouble));
  const auto z0 = wave({100});
  auto options = adaptive(GetParam(), 1e-5, 1e-8);
  options.newton.dense_limit = 1;
  const auto without = solve_plainly({heat, {z0}, 0, 0.1}, options);
  heat->set_preconditioner([&](const at::Tensor&, const TensorList&, double scale, bool transposed, const TensorList& r) {
    const auto matrix = at::eye(100, at::kDouble) - scale * (transposed ? laplacian.t() : laplacian);
    return TensorList{at::linalg_solve(matrix, r[0].unsqueeze(1)).squeeze(1)};
  });
  const auto with = solve_plainly({heat, {z0}, 0, 0.1}, options);
  EXPECT_LE((without.states[0] - with.states[0]).abs().max().item<double>(), 1e-4);
  EXPECT_LT(2 * with.statistics->jacobian_products, without.statistics->jacobian_products);
}

INSTANTIATE_TEST_SUITE_P(All, Stiff, ::testing::ValuesIn(solvers), [](const auto& info) { return name_of(info.param); });
INSTANTIATE_TEST_SUITE_P(All, StiffAdaptive, ::testing::Values(SolverKind::trbdf2, SolverKind::kencarp3),
                         [](const auto& info) { return name_of(info.param); });

TEST(Imex, HasItsOrderOnAStiffSplit) {
  // Explicit part cos(t), implicit part -k (z - sin t): z = sin t for every k.
  const auto slow = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.cos() + 0 * z[0]}; });
  const auto fast = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{-50 * (z[0] - t.sin())}; });
  const auto error = [&](double h) {
    auto options = fixed_steps(h, 1, GradientKind::none);
    options.solver = SolverKind::kencarp3;
    return std::fabs(solve_plainly({std::make_shared<SplitDynamics>(slow, fast), {at::zeros({1}, at::kDouble)}, 0, 2}, options)
                         .states[0]
                         .item<double>() -
                     std::sin(2.0));
  };
  EXPECT_NEAR(std::log2(error(1.0 / 512) / error(1.0 / 1024)), 3, 0.3);
  EXPECT_LE(error(0.1), 1e-2);  // h k = 5: explicit methods of this order are bounded up to 2.5
}

TEST(Imex, OtherSolversStepTheSumWithTheImplicitPartsPreconditioner) {
  const auto part = [](double rate) {
    const auto f = [rate](const at::Tensor&, const TensorList& z) { return TensorList{rate * z[0]}; };
    return std::make_shared<CallbackDynamics>(
        f,
        [=](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t) {
          return std::pair{f(t, z), InputCotangents{at::Tensor(), {rate * a_u[0]}, {}}};
        },
        TensorList{}, TensorList{});
  };
  const auto split = std::make_shared<SplitDynamics>(part(-1), part(-50));
  int calls = 0;
  split->set_preconditioner([&](const at::Tensor&, const TensorList&, double scale, bool, const TensorList& r) {
    ++calls;
    return TensorList{r[0] / (1 + 50 * scale)};
  });
  const auto z0 = wave({100});
  const auto solution = solve_plainly({split, {z0}, 0, 0.1}, adaptive(SolverKind::trbdf2, 1e-6, 1e-9));
  EXPECT_LE((solution.states[0] - z0 * std::exp(-5.1)).abs().max().item<double>(), 1e-6);
  EXPECT_GT(calls, 0);
}

TEST(Imex, SolvesEquationsOfTheImplicitPartAlone) {
  int explicit_graphs = 0;
  const auto slow = dynamics([&](const at::Tensor&, const TensorList& z) {
    if (at::GradMode::is_enabled()) ++explicit_graphs;
    return TensorList{z[0].sin()};
  });
  const auto fast = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{-100 * z[0]}; });
  auto options = fixed_steps(0.1, 1, GradientKind::none);
  options.solver = SolverKind::kencarp3;
  solve_plainly({std::make_shared<SplitDynamics>(slow, fast), {wave({5})}}, options);
  EXPECT_EQ(explicit_graphs, 0);  // its Jacobian is not wanted
}

TEST(NewtonFailure, ShortensAdaptiveStepsAndIsCounted) {
  auto options = adaptive(SolverKind::trbdf2, 1e-3, 1e-6);
  options.newton.max_iterations = 2;
  options.steps.initial_step_size = 10;
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{-z[0].pow(5) * 100}; });
  const auto solution = solve_plainly({f, {at::full({1}, 3, at::kDouble)}, 0, 10}, options);
  EXPECT_GT(solution.statistics->newton_failures, 0);
  EXPECT_EQ(solution.outcome->status, Status::ok);
}

TEST(Newton, FindsTheRootOfLongFixedStepsThatAnOldJacobianLeadsAwayFrom) {
  // The first step is 1000 times as long as Robertson's transient: with the Jacobian at its start, iterates grow to 1e24.
  for (const double h : {0.1, 1.0, 10.0}) {
    auto options = fixed_steps(h, 1, GradientKind::none);
    options.solver = SolverKind::backward_euler;
    const auto solution = solve_plainly({robertson(), {at::tensor({1.0, 0.0, 0.0}, at::kDouble)}, 0, 40}, options);
    EXPECT_LE(relative_error(solution.states[0], {0.7158270688, 0.9185534764e-5, 0.2841637457}), 0.015 * h + 1e-3) << h;
  }
}

TEST(Newton, HasNothingToSolveForAnEmptyState) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{-z[0]}; });
  for (const auto solver : {SolverKind::backward_euler, SolverKind::crank_nicolson, SolverKind::trbdf2, SolverKind::kencarp3}) {
    auto options = fixed_steps(0.1, 1, GradientKind::none);
    options.solver = solver;
    EXPECT_EQ(solve_plainly({f, {at::zeros({0, 3}, at::kDouble)}}, options).states[0].size(1), 3);
  }
}

TEST(NewtonFailure, OfAFixedStepIsAnErrorThatSaysWhatToDo) {
  auto options = fixed_steps(1, 1, GradientKind::none);
  options.solver = SolverKind::backward_euler;
  const auto f =
      dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].square() + 1}; });  // z = 1 + z^2 has no solution
  EXPECT_THAT(error_text(Status::no_convergence,
                         [&] {
                           solve_plainly({f, {at::zeros({1}, at::kDouble)}}, options);
                         }),
              ::testing::HasSubstr("shorter steps"));
  options.failure = FailureKind::value;
  EXPECT_EQ(solve_plainly({f, {at::zeros({1}, at::kDouble)}}, options).outcome->status, Status::no_convergence);
}

}  // namespace
}  // namespace neuralode::testing
