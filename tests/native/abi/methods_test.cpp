// neuralode/solve.h: every solver with every gradient method, and which of their options go together.
#include <cmath>

#include "solve_abi.h"

namespace neuralode::abi {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int32_t last_solver = NEURALODE_SOLVER_KENCARP3, last_gradient = NEURALODE_GRADIENT_REVERSIBLE;

class MethodsAbi : public SolveAbi {
 protected:
  MethodsAbi() { options_.solver = NEURALODE_SOLVER_DOPRI5, options_.gradient = NEURALODE_GRADIENT_PNODE; }
  std::string refused_together() { return text_with(NEURALODE_INVALID_ARGUMENT, solve()); }
  /// dL/dz0 for L = sum of z(t1), after solve() with the options as they are.
  std::vector<double> gradient() {
    z0_ = vector_of({1, -2}, true);
    EXPECT_OK(solve());
    EXPECT_OK(backward());
    return values_of(gradient_of(z0_).get());
  }
};

TEST_F(MethodsAbi, DefaultsAreThoseOfTheHeader) {
  ASSERT_OK(neuralode_solve_options_init(sizeof options_, &options_));
  EXPECT_EQ(options_.checkpoints, 0);
  EXPECT_EQ(options_.controller, NEURALODE_CONTROLLER_PI);
  EXPECT_EQ(options_.adjoint_seminorm, 0);
}

TEST_F(MethodsAbi, EveryChoiceOutOfRangeIsNamed) {
  for (const int32_t solver : {-1, NEURALODE_SOLVER_KENCARP3 + 1})
    EXPECT_THAT(refused(&neuralode_solve_options::solver, solver, NEURALODE_UNSUPPORTED), HasSubstr("solver: " + std::to_string(solver)));
  for (const int32_t gradient : {-1, NEURALODE_GRADIENT_REVERSIBLE + 1})
    EXPECT_THAT(refused(&neuralode_solve_options::gradient, gradient, NEURALODE_UNSUPPORTED),
                HasSubstr("gradient: " + std::to_string(gradient)));
  for (const int32_t controller : {-1, 3})
    EXPECT_THAT(refused(&neuralode_solve_options::controller, controller), HasSubstr("controller: " + std::to_string(controller)));
  for (const int32_t flag : {-1, 2})
    EXPECT_THAT(refused(&neuralode_solve_options::adjoint_seminorm, flag), HasSubstr("adjoint_seminorm: " + std::to_string(flag)));
  EXPECT_THAT(refused(&neuralode_solve_options::checkpoints, int64_t{-1}), HasSubstr("checkpoints: -1"));
}

TEST_F(MethodsAbi, MaliUndoesAlfAlone) {
  options_.gradient = NEURALODE_GRADIENT_MALI;
  for (options_.solver = NEURALODE_SOLVER_EULER; options_.solver <= last_solver; ++options_.solver)
    EXPECT_THAT(refused_together(), AllOf(HasSubstr("gradient: mali"), HasSubstr("pnode")));
}

TEST_F(MethodsAbi, ASolverWithoutAnErrorEstimateNeedsAStepSize) {
  options_.step_size = 0;
  for (options_.solver = NEURALODE_SOLVER_ALF; options_.solver <= last_solver; ++options_.solver) {
    const bool fixed = options_.solver == NEURALODE_SOLVER_EULER || options_.solver == NEURALODE_SOLVER_MIDPOINT ||
                       options_.solver == NEURALODE_SOLVER_HEUN || options_.solver == NEURALODE_SOLVER_RK4 ||
                       options_.solver == NEURALODE_SOLVER_BACKWARD_EULER || options_.solver == NEURALODE_SOLVER_CRANK_NICOLSON;
    if (fixed)
      EXPECT_THAT(refused_together(), AllOf(HasSubstr("step_size"), HasSubstr("error estimate")));
    else
      EXPECT_OK(solve());
  }
}

TEST_F(MethodsAbi, WhatIsForAlfIsRefusedToOthers) {
  options_.eta = 0.9;
  EXPECT_THAT(refused_together(), HasSubstr("eta: 0.9"));
  options_.eta = 1;
  options_.reversal = NEURALODE_REVERSAL_EXACT;
  EXPECT_THAT(refused_together(), HasSubstr("reversal"));
}

TEST_F(MethodsAbi, WhatIsForOneGradientMethodIsRefusedToOthers) {
  for (options_.gradient = NEURALODE_GRADIENT_BACKPROP; options_.gradient <= last_gradient; ++options_.gradient) {
    options_.checkpoints = 3;
    if (options_.gradient != NEURALODE_GRADIENT_PNODE) {
      EXPECT_THAT(refused_together(), HasSubstr("checkpoints: 3"));
    }
    options_.checkpoints = 0;
    options_.adjoint_seminorm = 1;
    if (options_.gradient != NEURALODE_GRADIENT_ADJOINT) {
      EXPECT_THAT(refused_together(), HasSubstr("adjoint_seminorm"));
    }
    options_.adjoint_seminorm = 0;
    options_.snapshots = NEURALODE_SNAPSHOTS_EVERY;
    options_.snapshot_interval = 2;
    if (options_.gradient != NEURALODE_GRADIENT_REVERSIBLE) {
      EXPECT_THAT(refused_together(), HasSubstr("snapshots"));
    }
    options_.snapshots = NEURALODE_SNAPSHOTS_AUTOMATIC;
    options_.snapshot_interval = 0;
    EXPECT_OK(solve());
  }
}

/// Whether the gradient method reversible takes the solver.
bool undoes_steps(int32_t solver) { return solver >= NEURALODE_SOLVER_EULER && solver <= NEURALODE_SOLVER_REVERSIBLE_HEUN; }

TEST_F(MethodsAbi, EverySolverSolvesWithEveryGradientMethod) {
  const double e = std::exp(1);
  for (options_.solver = NEURALODE_SOLVER_ALF; options_.solver <= last_solver; ++options_.solver) {
    const double tolerance = options_.solver == NEURALODE_SOLVER_EULER || options_.solver == NEURALODE_SOLVER_BACKWARD_EULER
                                 ? 0.16
                                 : 0.011;  // e h / 2 = 0.14 of order 1
    for (options_.gradient = NEURALODE_GRADIENT_BACKPROP; options_.gradient <= last_gradient; ++options_.gradient) {
      if (options_.gradient == NEURALODE_GRADIENT_REVERSIBLE && !undoes_steps(options_.solver)) {
        EXPECT_THAT(refused_together(), HasSubstr("reversible (7)"));
        continue;
      }
      if (options_.gradient == NEURALODE_GRADIENT_NONE) {
        ASSERT_OK(solve());
      } else {
        EXPECT_NEAR(gradient()[0], e, tolerance) << "solver " << options_.solver << ", gradient " << options_.gradient;
      }
      Tensor state;
      ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
      EXPECT_NEAR(values_of(state.get())[1], -2 * e, 2 * tolerance);
      EXPECT_EQ(statistics().steps_accepted, 10);
    }
  }
}

TEST_F(MethodsAbi, ReversibleUndoesEverySolverButAlf) {
  options_.gradient = NEURALODE_GRADIENT_REVERSIBLE;
  const double e = std::exp(1);
  for (options_.solver = NEURALODE_SOLVER_EULER; options_.solver <= NEURALODE_SOLVER_REVERSIBLE_HEUN; ++options_.solver) {
    // Order 1: e h / 2 = 0.14; order 2 or more at h = 0.1.
    EXPECT_NEAR(gradient()[0], e, options_.solver == NEURALODE_SOLVER_EULER ? 0.15 : 0.02) << options_.solver;
    EXPECT_EQ(statistics().nfe_backward, statistics().nfe_forward);
    EXPECT_LE(statistics().reconstruction_error, 1e-12);
  }
  options_.solver = NEURALODE_SOLVER_ALF;
  EXPECT_THAT(refused_together(), AllOf(HasSubstr("gradient: reversible"), HasSubstr("mali")));
}

TEST_F(MethodsAbi, CouplingIsARatioForExplicitRungeKuttaMethodsAlone) {
  for (const double coupling : {-0.1, 1.1}) EXPECT_THAT(refused(&neuralode_solve_options::coupling, coupling), HasSubstr("coupling: "));
  options_.solver = NEURALODE_SOLVER_DOPRI5;
  options_.gradient = NEURALODE_GRADIENT_PNODE;
  options_.coupling = 0.9;
  EXPECT_NEAR(gradient()[0], std::exp(1), 1e-5);
  options_.solver = NEURALODE_SOLVER_REVERSIBLE_HEUN;
  EXPECT_THAT(refused_together(), HasSubstr("coupling: 0.9"));
}

TEST_F(MethodsAbi, EveryControllerReachesTheTolerance) {
  options_.step_size = 0;
  for (options_.controller = NEURALODE_CONTROLLER_PI; options_.controller <= NEURALODE_CONTROLLER_PID; ++options_.controller)
    EXPECT_NEAR(gradient()[0], std::exp(1), 0.01);  // rtol 1e-3 over a few steps
}

TEST_F(MethodsAbi, CheckpointsBoundWhatIsKeptAndStepsAreMadeAgain) {
  options_.checkpoints = 2;
  const auto few = gradient();
  EXPECT_EQ(statistics().snapshots, 2);
  EXPECT_EQ(statistics().snapshot_bytes, 2 * 2 * 8);  // z of two doubles
  EXPECT_GT(statistics().steps_replayed, 0);
  options_.checkpoints = 0;
  const auto all = gradient();
  EXPECT_EQ(statistics().snapshots, 9);  // the states before steps 2 to 10
  EXPECT_EQ(statistics().steps_replayed, 0);
  EXPECT_EQ(few, all);
}

TEST_F(MethodsAbi, ACallerThatKnowsNoneOfThisGetsTheDefaults) {
  options_.struct_size = offsetof(neuralode_solve_options, checkpoints);
  options_.checkpoints = -1;  // would be refused
  options_.controller = 99;
  EXPECT_OK(solve());
}

TEST_F(MethodsAbi, NothingStaysAliveAfterwards) {
  solution_ = Solution();
  z0_ = vector_of({1, -2}, true);
  const auto before = live_objects();
  for (options_.gradient = NEURALODE_GRADIENT_ADJOINT; options_.gradient <= last_gradient; ++options_.gradient) {
    ASSERT_OK(solve());
    ASSERT_OK(backward());
    solution_ = Solution();
  }
  EXPECT_EQ(live_objects(), before);
}

}  // namespace
}  // namespace neuralode::abi
