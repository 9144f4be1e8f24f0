// neuralode/solve.h: steps per sample.
#include <cmath>

#include "solve_abi.h"

namespace neuralode::abi {
namespace {

using ::testing::HasSubstr;

/// u = -z t, and counts its calls; t must be (batch, 1) for z (batch, 1).
neuralode_status decay(void* user, neuralode_tensor t, const neuralode_tensor* z, int64_t, neuralode_tensor* out_u) {
  neuralode_tensor_info of_t{}, of_z{};
  if (neuralode_tensor_get_info(t, sizeof of_t, &of_t) != NEURALODE_OK ||
      neuralode_tensor_get_info(z[0], sizeof of_z, &of_z) != NEURALODE_OK)
    return NEURALODE_RUNTIME_ERROR;
  ++*static_cast<int*>(user);
  EXPECT_EQ(of_t.dims, 2);
  EXPECT_EQ(of_t.count, of_z.count);
  *out_u = operation("aten::neg", "", {operation("aten::mul", "Tensor", {z[0], t}).get()}).release();
  return NEURALODE_OK;
}

class PerSampleAbi : public SolveAbi {
 protected:
  PerSampleAbi() {
    f_ = Dynamics();
    EXPECT_OK(neuralode_dynamics_create_callback(decay, nullptr, nullptr, &calls_, nullptr, 0, nullptr, 0, f_.out()));
    const double values[] = {0.01, 1, 100};
    const int64_t sizes[] = {3, 1};
    z0_ = Tensor();
    EXPECT_OK(neuralode_tensor_create(values, NEURALODE_FLOAT64, sizes, 2, z0_.out()));
    EXPECT_OK(neuralode_tensor_set_requires_grad(z0_.get(), 1));
    options_.step_size = 0;
    options_.per_sample = 1;
    options_.solver = NEURALODE_SOLVER_DOPRI5;
    options_.gradient = NEURALODE_GRADIENT_PNODE;
    options_.rtol = options_.atol = 1e-6;
  }
  /// times, (rows, 3).
  std::vector<double> times() {
    Tensor result;
    EXPECT_OK(neuralode_solution_times(solution_.get(), result.out()));
    neuralode_tensor_info info{};
    EXPECT_OK(neuralode_tensor_get_info(result.get(), sizeof info, &info));
    EXPECT_EQ(info.dims, 2);
    return values_of(result.get());
  }
  int calls_ = 0;
};

TEST_F(PerSampleAbi, SolvesAndDifferentiatesEachSample) {
  for (const int32_t solver : {NEURALODE_SOLVER_DOPRI5, NEURALODE_SOLVER_ALF}) {
    options_.solver = solver;
    options_.gradient = solver == NEURALODE_SOLVER_ALF ? NEURALODE_GRADIENT_MALI : NEURALODE_GRADIENT_PNODE;
    ASSERT_OK(neuralode_tensor_set_grad(z0_.get(), nullptr));
    calls_ = 0;
    ASSERT_OK(solve());
    EXPECT_EQ(statistics().nfe_forward, calls_);
    Tensor state;
    ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
    const double factor = std::exp(-0.5);
    EXPECT_NEAR(values_of(state.get())[2], 100 * factor, 1e-2);  // rtol 1e-6 a step
    ASSERT_OK(backward());
    for (const double gradient : values_of(gradient_of(z0_).get())) EXPECT_NEAR(gradient, factor, 1e-3);
  }
}

TEST_F(PerSampleAbi, TellsTheTimesOfEachSampleAndTotalsOfSteps) {
  ASSERT_OK(solve());
  const auto all = times();
  int64_t steps = 0;
  for (std::size_t i = 3; i < all.size(); ++i) steps += all[i] != all[i - 3] ? 1 : 0;
  EXPECT_EQ(statistics().steps_accepted, steps);
  for (int sample = 0; sample < 3; ++sample) {
    EXPECT_EQ(all[static_cast<std::size_t>(sample)], 0);
    EXPECT_EQ(all[all.size() - 3 + static_cast<std::size_t>(sample)], 1);
  }
}

TEST_F(PerSampleAbi, RefusesWhatHasOneStepForTheBatch) {
  options_.step_size = 0.1;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, solve()), HasSubstr("per_sample"));
  options_.step_size = 0;
  options_.gradient = NEURALODE_GRADIENT_ADJOINT;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, solve()), HasSubstr("per_sample"));
}

TEST_F(PerSampleAbi, AFailureAsAValueTellsWhatEverySampleReached) {
  options_.failure = NEURALODE_FAILURE_VALUE;
  options_.max_steps = 2;
  ASSERT_OK(solve());
  EXPECT_EQ(outcome().status, NEURALODE_STEP_LIMIT);
  EXPECT_THAT(outcome().text, HasSubstr("sample "));
  EXPECT_LT(outcome().reached, 1);
}

}  // namespace
}  // namespace neuralode::abi
