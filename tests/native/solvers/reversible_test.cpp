// Coupled Runge-Kutta steps and reversible Heun: order, cost, inverse, stability.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "solvers/solver.h"
#include "solvers/tableau.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

SolveOptions with(SolverKind solver, double coupling, SolveOptions options, GradientKind gradient = GradientKind::none) {
  options.solver = solver;
  options.coupling = coupling;
  options.gradient = gradient;
  return options;
}

bool is_heun(SolverKind solver) { return solver == SolverKind::reversible_heun; }
double coupling_for(SolverKind solver) { return is_heun(solver) ? 0 : 0.999; }

class ReversibleSolver : public ::testing::TestWithParam<SolverKind> {
 protected:
  /// dz/dt = cos(t) z, z(0) = 1: z(t) = exp(sin t). The largest error at some times: at one of them, what y and its companion are off by
  /// may cancel.
  static double error_of(const SolveOptions& options) {
    const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.cos() * z[0]}; });
    const std::vector<double> times{0.5, 1, 1.5, 2};
    const auto solution =
        solve_plainly({f, {at::ones({1}, at::kDouble)}, 0, 2, times}, with(GetParam(), coupling_for(GetParam()), options));
    return (solution.states[0].squeeze() - at::tensor(times, at::kDouble).sin().exp()).abs().max().item<double>();
  }
};

TEST_P(ReversibleSolver, HasItsOrder) {
  const int order = traits_of(GetParam()).order;
  // error(h) / error(h / 2) -> 2^order; the next power of h leaves some per cent. Order 8 is at rounding for shorter steps.
  const double h = order >= 8 ? 0.5 : order >= 5 ? 1.0 / 16 : order >= 4 ? 1.0 / 32 : 1.0 / 64;
  const double ratio = error_of(fixed_steps(h)) / error_of(fixed_steps(h / 2));
  EXPECT_NEAR(std::log2(ratio), order, order >= 8 ? 0.8 : order >= 5 ? 0.5 : 0.2);
}

TEST_P(ReversibleSolver, ReachesItsTolerance) {
  if (traits_of(GetParam()).error_order == 0) return;
  EXPECT_LE(error_of(adaptive_steps(1e-6, 1e-6)), 1e-4);  // per step, over some hundred of them
}

TEST_P(ReversibleSolver, EvaluatesFOnceAUsedStageAndHalfAndNeverTwiceAtAStep) {
  const Mlp mlp;
  const auto evaluations = [&](SolveOptions options, double t1) {
    return solve_plainly({mlp.dynamics(), {wave({3, 4})}, 0, t1}, with(GetParam(), coupling_for(GetParam()), options)).statistics;
  };
  const auto fixed = evaluations(fixed_steps(0.1), 1);
  const auto used = is_heun(GetParam()) ? 1 : static_cast<std::int64_t>(tableau_of(GetParam()).used_stages());
  EXPECT_EQ(fixed->nfe_forward, is_heun(GetParam()) ? 11 : 10 * 2 * used);
  if (traits_of(GetParam()).error_order == 0) return;
  // A first step far too long is rejected; f(t, z) is kept, and only accepted trials have a second half.
  auto options = adaptive_steps(1e-7, 1e-9);
  options.steps.initial_step_size = 5;
  const auto adaptive = evaluations(options, 6);
  EXPECT_GT(adaptive->steps_rejected, 0);
  const auto trials = adaptive->steps_accepted + adaptive->steps_rejected;
  const bool closing = !is_heun(GetParam()) && tableau_of(GetParam()).fsal;  // for the error estimate
  EXPECT_EQ(adaptive->nfe_forward,
            is_heun(GetParam()) ? trials + 1 : trials * (used - 1 + (closing ? 1 : 0)) + adaptive->steps_accepted * (1 + used));
}

TEST_P(ReversibleSolver, IsUndoneAtOneLinearisedEvaluationAnEvaluation) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}};
  const auto statistics =
      differentiate(ode, with(GetParam(), coupling_for(GetParam()), fixed_steps(0.1), GradientKind::reversible)).statistics;
  EXPECT_EQ(statistics.nfe_backward, statistics.nfe_forward);
  EXPECT_EQ(statistics.snapshots, 0);
  EXPECT_LE(statistics.reconstruction_error, 1e-13);  // some hundred roundings, hardly expanded
}

/// The end of 20 steps of 0.05 from (z0, hidden state), and the grid.
struct Journey {
  Lattice lattice;
  std::unique_ptr<Solver> solver;
  RandomReplay random{at::kCPU};
  Grid grid;
  SolverState start, end;

  Journey(Dynamics& f, const SolverChoice& choice, const at::Tensor& z0) : solver(make_solver(choice, lattice, 1)) {
    const auto stepper = solver->stepper(f, random, 0, 1, {z0}, SweepNeeds{}, {});
    start = copy_of(stepper->state());
    StepSizeOptions steps;
    steps.step_size = 0.05;
    drive(*stepper, 0, {1}, steps, grid);
    random.finish();
    end = copy_of(stepper->state());
  }

  SolverState undone(Dynamics& f, const SolverState& from) {
    const RandomReplay::Scope scope(random);
    const auto inverse = solver->inverse(f, random, from, {}, false);
    for (auto step = grid.steps.rbegin(); step != grid.steps.rend(); ++step) inverse->step(*step, false);
    return copy_of(inverse->state());
  }
};

TEST_P(ReversibleSolver, InverseRestoresTheWholeStateToRounding) {
  const at::NoGradGuard not_recording;
  const Mlp mlp;
  const auto f = mlp.dynamics();
  Journey journey(*f, {GetParam(), 1, false, coupling_for(GetParam())}, wave({3, 4}));
  const auto back = journey.undone(*f, journey.end);
  EXPECT_GE(gap(journey.end.z, journey.start.z), 0.1);  // it has been away
  // 20 steps of some ten roundings, expanded by 0.999^-20 and by the slope of f.
  EXPECT_LE(gap(back.z, journey.start.z), 1e-14 * 20);
  EXPECT_LE(gap(back.v, journey.start.v), 1e-14 * 20);
}

constexpr SolverKind reversible_solvers[] = {
    SolverKind::euler, SolverKind::midpoint, SolverKind::heun,  SolverKind::heun_euler, SolverKind::bosh3,
    SolverKind::rk4,   SolverKind::dopri5,   SolverKind::tsit5, SolverKind::dopri8,     SolverKind::reversible_heun};

INSTANTIATE_TEST_SUITE_P(All, ReversibleSolver, ::testing::ValuesIn(reversible_solvers), [](const auto& info) {
  std::string name = traits_of(info.param).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(CoupledRk, UndoingExpandsAnErrorOfYByTheCouplingsInverseAStep) {
  const at::NoGradGuard not_recording;
  const auto still = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::zeros_like(z[0])}; });
  Journey journey(*still, {SolverKind::rk4, 1, false, 0.5}, wave({3, 4}));
  EXPECT_NEAR(journey.solver->log_amplification(), std::log(2), 1e-15);
  journey.end.z[0].add_(1e-9);
  const auto back = journey.undone(*still, journey.end);
  // 2^20 * 1e-9, which rounding of values near 1, expanded alike, changes by 1e-16 * 2^20 at most.
  EXPECT_NEAR((back.z[0] - journey.start.z[0]).max().item<double>(), 1e-9 * 1048576, 1e-9);
  EXPECT_TRUE(identical(back.v[0], journey.start.v[0]));
}

TEST(CoupledRk, ReversedIsTheStateBeforeWherePlainStepsBackwardAreNot) {
  const at::NoGradGuard not_recording;
  const auto decay = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{-4 * z[0]}; });
  const auto z0 = wave({3, 4});
  Journey coupled(*decay, {SolverKind::heun, 1, false, 0.999}, z0), plain(*decay, {SolverKind::heun, 1, false}, z0);
  const auto stepper = plain.solver->stepper(*decay, plain.random, 1, 0, plain.end.z, SweepNeeds{}, {});
  StepSizeOptions steps;
  steps.step_size = 0.05;
  Grid grid;
  drive(*stepper, 1, {0}, steps, grid);
  // x = 0.2: (1 - x + x^2/2) (1 + x + x^2/2) = 1 + x^4/4, in 20 steps 0.8 per cent. Coupled: rounding, expanded by e^4 / 0.999^20.
  EXPECT_GE(gap(stepper->state().z, {z0}), 5e-3);
  EXPECT_LE(gap(coupled.undone(*decay, coupled.end).z, {z0}), 1e-13);
}

TEST(CoupledRk, StaysBoundedOnADampedProblemOnWhichUndampedReversibleStepsExplode) {
  const auto decay = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{-z[0]}; });
  const auto end = [&](SolverKind solver, double coupling) {
    const auto solution = solve_plainly({decay, {at::ones({1}, at::kDouble)}, 0, 100}, with(solver, coupling, fixed_steps(0.05)));
    return std::fabs(solution.states[0].item<double>());
  };
  // Psi_h(z) = (R(-x) - 1) z with x = h = 0.05: the step's matrix has determinant c and trace 1 + c - (R(x) - 1)(R(-x) - c), so that it is
  // stable where R(-x) > c, about x < 1 - c. Else what rounding puts into y - z grows nearly as e^t.
  EXPECT_LE(end(SolverKind::heun, 0.9), 1e-40);          // measured 4e-44; e^-100 = 4e-44
  EXPECT_GE(end(SolverKind::heun, 1), 1e20);             // 2e38
  EXPECT_GE(end(SolverKind::reversible_heun, 0), 1e20);  // 1e37
}

}  // namespace
}  // namespace neuralode::testing
