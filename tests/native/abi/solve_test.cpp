// neuralode/solve.h: options, statuses and what a solution tells.
#include <cmath>

#include "solve_abi.h"

namespace neuralode::abi {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(SolveAbi, DefaultsAreThoseOfTheHeader) {
  ASSERT_OK(neuralode_solve_options_init(sizeof options_, &options_));
  EXPECT_EQ(options_.struct_size, sizeof options_);
  EXPECT_EQ(options_.solver, NEURALODE_SOLVER_ALF);
  EXPECT_EQ(options_.gradient, NEURALODE_GRADIENT_MALI);
  EXPECT_EQ(options_.reversal, NEURALODE_REVERSAL_FLOAT);
  EXPECT_EQ(options_.step_size, 0);
  EXPECT_EQ(options_.rtol, 1e-3);
  EXPECT_EQ(options_.atol, 1e-6);
  EXPECT_EQ(options_.initial_step_size, 0);
  EXPECT_EQ(options_.eta, 1);
  EXPECT_EQ(options_.max_steps, 1000000);
  EXPECT_EQ(options_.snapshots, NEURALODE_SNAPSHOTS_AUTOMATIC);
  EXPECT_EQ(options_.failure, NEURALODE_FAILURE_ERROR);
  EXPECT_EQ(options_.snapshot_interval, 0);
  EXPECT_EQ(options_.drift_tolerance, 0);
}

TEST_F(SolveAbi, EndStateGradientsAndFiguresComeOut) {
  ASSERT_OK(solve());
  Tensor state, times;
  ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
  EXPECT_NEAR(values_of(state.get())[0], std::exp(1), 0.01);  // order 2 at h = 0.1
  ASSERT_OK(neuralode_tensor_backward(operation("aten::sum", "", {state.get()}).get(), nullptr, 0, 0));
  EXPECT_NEAR(values_of(gradient_of(z0_).get())[1], std::exp(1), 0.01);
  EXPECT_NEAR(values_of(gradient_of(t1_).get())[0], -std::exp(1), 0.2);  // d/dt1 of (1 - 2) e^t1, to first order
  EXPECT_NEAR(values_of(gradient_of(t0_).get())[0], std::exp(1), 0.2);
  EXPECT_EQ(statistics().steps_accepted, 10);
  EXPECT_EQ(statistics().nfe_forward, 11);
  EXPECT_EQ(statistics().nfe_backward, 11);
  EXPECT_EQ(statistics().snapshots, 0);
  EXPECT_LT(statistics().reconstruction_error, 1e-13);
  const char *forward = nullptr, *backward = nullptr;
  ASSERT_OK(neuralode_solution_graphs(solution_.get(), &forward, &backward));
  EXPECT_STREQ(forward, "graphs: off");
  EXPECT_STREQ(backward, forward);
  ASSERT_OK(neuralode_solution_times(solution_.get(), times.out()));
  const auto grid = values_of(times.get());
  ASSERT_EQ(grid.size(), 11u);
  EXPECT_EQ(grid.front(), 0);
  EXPECT_EQ(grid.back(), 1);
}

TEST_F(SolveAbi, TimesOfATrajectoryAreOnTheGrid) {
  const auto t_eval = vector_of({0.25, 0.5, 1});
  ASSERT_OK(solve(t_eval.get()));
  Tensor state, times;
  ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
  EXPECT_EQ(values_of(state.get()).size(), 6u);
  ASSERT_OK(neuralode_solution_times(solution_.get(), times.out()));
  EXPECT_THAT(values_of(times.get()), AllOf(::testing::Contains(0.25), ::testing::Contains(0.5), ::testing::Contains(1.0)));
}

TEST_F(SolveAbi, AnIndexOutsideIsRefused) {
  ASSERT_OK(solve());
  neuralode_tensor state = nullptr;
  for (const int64_t index : {int64_t{-1}, int64_t{1}, INT64_MIN})
    EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_solution_state(solution_.get(), index, &state)),
                HasSubstr("index: " + std::to_string(index)));
}

TEST_F(SolveAbi, EveryOptionOutOfRangeIsNamed) {
  EXPECT_THAT(refused(&neuralode_solve_options::struct_size, 0u), HasSubstr("struct_size: 0"));
  EXPECT_THAT(refused(&neuralode_solve_options::struct_size, 3u), HasSubstr("struct_size: 3"));
  EXPECT_THAT(refused(&neuralode_solve_options::struct_size, uint32_t(sizeof options_ + 1)), HasSubstr("struct_size"));
  EXPECT_THAT(refused(&neuralode_solve_options::step_size, -0.1), HasSubstr("step_size: -0.1"));
  EXPECT_THAT(refused(&neuralode_solve_options::rtol, 0.0), HasSubstr("rtol: 0"));
  EXPECT_THAT(refused(&neuralode_solve_options::atol, double(NAN)), HasSubstr("atol: nan"));
  EXPECT_THAT(refused(&neuralode_solve_options::initial_step_size, -1.0), HasSubstr("initial_step_size: -1"));
  EXPECT_THAT(refused(&neuralode_solve_options::eta, 0.5), HasSubstr("eta: 0.5"));
  EXPECT_THAT(refused(&neuralode_solve_options::max_steps, int64_t{0}), HasSubstr("max_steps: 0"));
}

TEST_F(SolveAbi, EveryOptionOfReversalOutOfRangeIsNamed) {
  for (const int32_t beyond : {-1, 3}) {
    const auto number = std::to_string(beyond);
    EXPECT_THAT(refused(&neuralode_solve_options::reversal, beyond), HasSubstr("reversal: " + number));
    EXPECT_THAT(refused(&neuralode_solve_options::snapshots, beyond), HasSubstr("snapshots: " + number));
    EXPECT_THAT(refused(&neuralode_solve_options::failure, beyond), HasSubstr("failure: " + number));
  }
  EXPECT_THAT(refused(&neuralode_solve_options::snapshot_interval, int64_t{-1}), HasSubstr("snapshot_interval: -1"));
  EXPECT_THAT(refused(&neuralode_solve_options::snapshot_interval, int64_t{2}), HasSubstr("snapshot_interval: 2"));  // with automatic
  EXPECT_THAT(refused(&neuralode_solve_options::snapshots, int32_t{NEURALODE_SNAPSHOTS_EVERY}), HasSubstr("snapshot_interval: 0"));
  EXPECT_THAT(refused(&neuralode_solve_options::drift_tolerance, -1.0), HasSubstr("drift_tolerance: -1"));
  EXPECT_THAT(refused(&neuralode_solve_options::drift_tolerance, double(INFINITY)), HasSubstr("drift_tolerance: inf"));
}

TEST_F(SolveAbi, ReversalThatDoesNotFitTheRestIsNamed) {
  options_.reversal = NEURALODE_REVERSAL_EXACT;
  options_.eta = 0.9;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, solve()), HasSubstr("eta = 0.9"));
  options_.eta = 1;
  options_.gradient = NEURALODE_GRADIENT_BACKPROP;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, solve()), HasSubstr("reversal"));
  options_.reversal = NEURALODE_REVERSAL_FLOAT;
  options_.snapshots = NEURALODE_SNAPSHOTS_EVERY;
  options_.snapshot_interval = 2;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, solve()), HasSubstr("snapshots"));
}

TEST_F(SolveAbi, AShorterStructKeepsTheDefaultsOfWhatItLacks) {
  options_.struct_size = offsetof(neuralode_solve_options, eta);
  options_.eta = 0.5;  // would be refused
  EXPECT_OK(solve());
  options_.struct_size = sizeof(uint32_t);
  EXPECT_OK(solve());
  EXPECT_NE(statistics().steps_accepted, 10);  // adaptive
}

TEST_F(SolveAbi, FailuresHaveTheirStatuses) {
  options_.max_steps = 5;
  EXPECT_THAT(text_with(NEURALODE_STEP_LIMIT, solve()), HasSubstr("max_steps: 5"));
  options_.max_steps = 1000;
  z0_ = vector_of({1, INFINITY});
  text_with(NEURALODE_NON_FINITE, solve());
  z0_ = vector_of({1});
  t1_ = scalar_of(1e6);
  options_.step_size = 1e4;
  options_.max_steps = 1000000;
  text_with(NEURALODE_NON_FINITE, solve());  // e^1e6
  EXPECT_EQ(solution_.get(), nullptr);
}

TEST_F(SolveAbi, ASolveThatWentWellSaysSo) {
  ASSERT_OK(solve());
  EXPECT_EQ(outcome().status, NEURALODE_OK);
  EXPECT_EQ(outcome().text, "");
  EXPECT_EQ(outcome().reached, 1);
}

TEST_F(SolveAbi, FailuresAsValuesKeepTheLastGoodState) {
  options_.failure = NEURALODE_FAILURE_VALUE;
  options_.max_steps = 5;
  options_.step_size = 0;  // adaptive
  ASSERT_OK(solve());
  EXPECT_EQ(outcome().status, NEURALODE_STEP_LIMIT);
  EXPECT_THAT(outcome().text, HasSubstr("max_steps: 5"));
  EXPECT_THAT(outcome().reached, AllOf(::testing::Gt(0), ::testing::Lt(1)));
  Tensor state, times;
  ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
  EXPECT_NEAR(values_of(state.get())[0], std::exp(outcome().reached), 0.01);  // rtol 1e-3, few steps
  neuralode_tensor_info info{};
  ASSERT_OK(neuralode_tensor_get_info(state.get(), sizeof info, &info));
  EXPECT_EQ(info.requires_grad, 0);
  ASSERT_OK(neuralode_solution_times(solution_.get(), times.out()));
  ASSERT_EQ(values_of(times.get()).size(), static_cast<std::size_t>(statistics().steps_accepted) + 1);
  EXPECT_EQ(values_of(times.get()).back(), outcome().reached);
}

TEST_F(SolveAbi, TimesThatAFailedSolveDidNotReachAreNaN) {
  options_.failure = NEURALODE_FAILURE_VALUE;
  options_.max_steps = 5;
  options_.step_size = 0;  // adaptive
  const auto t_eval = vector_of({1e-4, 0.99});
  ASSERT_OK(solve(t_eval.get()));
  Tensor state;
  ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
  const auto values = values_of(state.get());  // (2, 2)
  EXPECT_NEAR(values[0], std::exp(1e-4), 1e-4);
  EXPECT_TRUE(std::isnan(values[2]) && std::isnan(values[3]));
}

TEST_F(SolveAbi, DriftIsAnErrorOrAValueByChoice) {
  options_.eta = 0.8;
  options_.snapshots = NEURALODE_SNAPSHOTS_NONE;
  options_.step_size = 0.01;  // |1 - 2 eta|^-100 = 1.5e22 times double rounding: nothing is left of z0
  ASSERT_OK(solve());
  EXPECT_THAT(text_with(NEURALODE_DRIFT, backward()), HasSubstr("drift_tolerance"));
  options_.failure = NEURALODE_FAILURE_VALUE;
  ASSERT_OK(solve());
  EXPECT_EQ(outcome().status, NEURALODE_OK);
  EXPECT_OK(backward());
  EXPECT_EQ(outcome().status, NEURALODE_DRIFT);
  EXPECT_THAT(outcome().text, HasSubstr("drift_tolerance"));
  EXPECT_EQ(outcome().reached, 1);
  EXPECT_GT(statistics().reconstruction_error, 1);
}

TEST_F(SolveAbi, SnapshotsAreCountedWithTheirBytes) {
  options_.snapshots = NEURALODE_SNAPSHOTS_EVERY;
  options_.snapshot_interval = 3;
  ASSERT_OK(solve());
  EXPECT_EQ(statistics().snapshots, 3);                                        // of 10 steps: after 3, 6 and 9
  EXPECT_EQ(statistics().snapshot_bytes, statistics().snapshots * 2 * 2 * 8);  // z and v of two doubles
  EXPECT_OK(backward());
  EXPECT_EQ(statistics().steps_replayed, 0);
}

TEST_F(SolveAbi, ExactReversalComesBackToTheBit) {
  options_.reversal = NEURALODE_REVERSAL_EXACT;
  options_.step_size = 0.001;
  ASSERT_OK(solve());
  EXPECT_OK(backward());
  EXPECT_EQ(statistics().reconstruction_error, 0);
}

TEST_F(SolveAbi, StatesThatDoNotFitAreRefused) {
  const int64_t size = 2;
  Tensor half;
  ASSERT_OK(neuralode_tensor_create(nullptr, NEURALODE_FLOAT16, &size, 1, half.out()));
  z0_ = std::move(half);
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, solve()), AllOf(HasSubstr("z0[0]"), HasSubstr("float32")));
  neuralode_solution none = nullptr;
  EXPECT_EQ(neuralode_solve(f_.get(), nullptr, 0, t0_.get(), t1_.get(), nullptr, &options_, &none), NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(neuralode_solve(f_.get(), z0_.list(), -1, t0_.get(), t1_.get(), nullptr, &options_, &none), NEURALODE_INVALID_ARGUMENT);
}

TEST_F(SolveAbi, WithoutGradientsNothingIsRecorded) {
  options_.gradient = NEURALODE_GRADIENT_NONE;
  ASSERT_OK(solve());
  Tensor state;
  ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
  EXPECT_THAT(
      text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_backward(operation("aten::sum", "", {state.get()}).get(), nullptr, 0, 0)),
      HasSubstr("requires no gradient"));
}

TEST_F(SolveAbi, NothingStaysAliveAfterwards) {
  solution_ = Solution();
  const auto before = live_objects();
  {
    ASSERT_OK(solve());
    Tensor state;
    ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
    ASSERT_OK(neuralode_tensor_backward(operation("aten::sum", "", {state.get()}).get(), nullptr, 0, 0));
    solution_ = Solution();
  }
  EXPECT_EQ(live_objects(), before);
}

}  // namespace
}  // namespace neuralode::abi
