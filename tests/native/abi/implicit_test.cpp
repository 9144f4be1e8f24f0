// Implicit solvers through the C ABI: split dynamics, preconditioners and what the statistics tell.
#include <cmath>

#include "solve_abi.h"

namespace neuralode::abi {
namespace {

using ::testing::HasSubstr;

/// x = r: the identity as a preconditioner; counts its calls in *user.
neuralode_status same(void* user, neuralode_tensor t, const neuralode_tensor*, double, int32_t, const neuralode_tensor* r, int64_t count,
                      neuralode_tensor* out_x) {
  ++*static_cast<int*>(user);
  return identity(nullptr, t, r, count, out_x);
}

neuralode_status failing(void*, neuralode_tensor, const neuralode_tensor*, double, int32_t, const neuralode_tensor*, int64_t,
                         neuralode_tensor*) {
  neuralode_set_last_error("no factors");
  return NEURALODE_RUNTIME_ERROR;
}

void count_release(void* user) { *static_cast<int*>(user) += 1000; }

class ImplicitAbi : public SolveAbi {
 protected:
  ImplicitAbi() { options_.solver = NEURALODE_SOLVER_KENCARP3, options_.gradient = NEURALODE_GRADIENT_PNODE; }
};

TEST_F(ImplicitAbi, StatisticsTellOfTheEquations) {
  ASSERT_OK(solve());
  EXPECT_GE(statistics().newton_iterations, 30);  // three implicit stages a step
  EXPECT_GT(statistics().jacobian_products, 0);
  EXPECT_EQ(statistics().newton_failures, 0);
  ASSERT_OK(backward());
  EXPECT_EQ(statistics().nfe_backward, 40);  // four stages a step
  EXPECT_EQ(statistics().steps_replayed, 10);
  options_.checkpoint_stages = 1;
  ASSERT_OK(solve());
  ASSERT_OK(backward());
  EXPECT_EQ(statistics().steps_replayed, 0);
}

TEST_F(ImplicitAbi, SplitDynamicsAreTheirSum) {
  Dynamics split;
  ASSERT_OK(neuralode_dynamics_create_split(f_.get(), f_.get(), split.out()));
  f_ = std::move(split);  // z' = 2 z
  ASSERT_OK(solve());
  Tensor state;
  ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
  EXPECT_NEAR(values_of(state.get())[0], std::exp(2), 5e-3);  // order 3, h = 0.1
}

TEST_F(ImplicitAbi, APreconditionerIsUsedAboveTheDenseLimitAndReleasedOnce) {
  int calls = 0;
  ASSERT_OK(neuralode_dynamics_set_preconditioner(f_.get(), same, count_release, &calls));
  ASSERT_OK(solve());
  EXPECT_EQ(calls, 0);  // two elements: dense
  options_.dense_jacobian_limit = 1;
  ASSERT_OK(solve());
  ASSERT_OK(backward());
  EXPECT_GT(calls, 0);
  EXPECT_LT(calls, 1000);
  ASSERT_OK(neuralode_dynamics_set_preconditioner(f_.get(), nullptr, nullptr, nullptr));
  EXPECT_GE(calls, 1000);
}

TEST_F(ImplicitAbi, AFailingPreconditionerFailsTheSolveWithItsText) {
  ASSERT_OK(neuralode_dynamics_set_preconditioner(f_.get(), failing, nullptr, nullptr));
  options_.dense_jacobian_limit = 1;
  EXPECT_THAT(text_with(NEURALODE_CALLBACK_FAILED, solve()), HasSubstr("no factors"));
}

}  // namespace
}  // namespace neuralode::abi
