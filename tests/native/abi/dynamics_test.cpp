// neuralode/dynamics.h: what callbacks may do, and when their owner is told that they are no longer needed.
#include <thread>

#include "objects.h"

namespace neuralode::abi {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// What a test's callbacks are told and count.
struct User {
  neuralode_tensor a = nullptr;
  int evals = 0, vjps = 0, releases = 0;
  int failing_eval = -1;               ///< number of the evaluation that fails
  neuralode_tensor instead = nullptr;  ///< given as u, where set
  bool leave_out = false;
};

neuralode_status product(neuralode_tensor a, neuralode_tensor b, neuralode_tensor* out) {
  *out = operation("aten::mul", "Tensor", {a, b}).release();
  return NEURALODE_OK;
}

/// u = a z.
neuralode_status eval(void* pointer, neuralode_tensor, const neuralode_tensor* z, int64_t count, neuralode_tensor* out_u) {
  auto& user = *static_cast<User*>(pointer);
  for (int64_t i = 0; i < count; ++i) {
    if (user.instead != nullptr)
      neuralode_tensor_share(user.instead, &out_u[i]);
    else if (!user.leave_out)
      product(user.a, z[i], &out_u[i]);
  }
  if (user.evals++ != user.failing_eval) return NEURALODE_OK;
  neuralode_set_last_error("the user says no");
  return NEURALODE_UNKNOWN_ERROR;
}

neuralode_status vjp(void* pointer, neuralode_tensor t, const neuralode_tensor* z, const neuralode_tensor* a_u, int64_t count,
                     int64_t parameter_count, neuralode_tensor* out_u, neuralode_tensor*, neuralode_tensor* out_a_z,
                     neuralode_tensor* out_a_parameters) {
  auto& user = *static_cast<User*>(pointer);
  ++user.vjps;
  EXPECT_EQ(count, 1);
  EXPECT_EQ(parameter_count, 1);
  const auto status = eval(pointer, t, z, count, out_u);
  product(user.a, a_u[0], &out_a_z[0]);
  *out_a_parameters = operation("aten::sum", "", {operation("aten::mul", "Tensor", {z[0], a_u[0]}).get()}).release();
  return status;
}

void release(void* pointer) { ++static_cast<User*>(pointer)->releases; }

class DynamicsAbi : public ::testing::Test {
 protected:
  DynamicsAbi() { user_.a = a_.get(); }

  Dynamics dynamics(neuralode_vjp_callback with_vjp = nullptr) {
    Dynamics result;
    EXPECT_OK(neuralode_dynamics_create_callback(eval, with_vjp, release, &user_, a_.list(), 1, nullptr, 0, result.out()));
    return result;
  }

  neuralode_status solve(const Dynamics& f, Solution& solution, int32_t gradient = NEURALODE_GRADIENT_MALI) {
    neuralode_solve_options options;
    neuralode_solve_options_init(sizeof options, &options);
    options.step_size = 0.1;
    options.gradient = gradient;
    const auto t0 = scalar_of(0), t1 = scalar_of(1);
    return neuralode_solve(f.get(), z0_.list(), 1, t0.get(), t1.get(), nullptr, &options, solution.out());
  }

  /// Gradients of the sum of z(1) by a and z0.
  std::pair<double, std::vector<double>> gradients(neuralode_vjp_callback with_vjp, int32_t gradient) {
    EXPECT_OK(neuralode_tensor_set_grad(a_.get(), nullptr));
    EXPECT_OK(neuralode_tensor_set_grad(z0_.get(), nullptr));
    Solution solution;
    EXPECT_OK(solve(dynamics(with_vjp), solution, gradient));
    EXPECT_OK(neuralode_tensor_backward(end_sum(solution).get(), nullptr, 0, 0));
    return {values_of(gradient_of(a_).get())[0], values_of(gradient_of(z0_).get())};
  }

  static Tensor end_sum(const Solution& solution) {
    Tensor state;
    EXPECT_OK(neuralode_solution_state(solution.get(), 0, state.out()));
    return operation("aten::sum", "", {state.get()});
  }

  User user_;
  Tensor a_ = scalar_of(0.5, true), z0_ = vector_of({1, 2}, true);
};

TEST_F(DynamicsAbi, AVjpOfTheUserEqualsAutogradByEveryMethod) {
  const auto expected = gradients(nullptr, NEURALODE_GRADIENT_BACKPROP);
  for (const auto with_vjp : {neuralode_vjp_callback(nullptr), neuralode_vjp_callback(vjp)})
    for (const int32_t gradient : {NEURALODE_GRADIENT_MALI, NEURALODE_GRADIENT_BACKPROP}) {
      const auto actual = gradients(with_vjp, gradient);
      EXPECT_NEAR(actual.first, expected.first, 1e-12);
      EXPECT_NEAR(actual.second[0], expected.second[0], 1e-12);
    }
  EXPECT_EQ(user_.vjps, 11 + 11);
}

TEST_F(DynamicsAbi, ReleaseIsCalledOnceWhenTheHandleIsDestroyed) {
  for (const auto with_vjp : {neuralode_vjp_callback(nullptr), neuralode_vjp_callback(vjp)}) {
    user_.releases = 0;
    auto f = dynamics(with_vjp);
    EXPECT_EQ(user_.releases, 0);
    f = Dynamics();
    EXPECT_EQ(user_.releases, 1);
  }
}

TEST_F(DynamicsAbi, ReleaseWaitsForTheLastGraph) {
  for (const int32_t gradient : {NEURALODE_GRADIENT_MALI, NEURALODE_GRADIENT_BACKPROP})
    for (const auto with_vjp : {neuralode_vjp_callback(nullptr), neuralode_vjp_callback(vjp)}) {
      if (gradient == NEURALODE_GRADIENT_BACKPROP && with_vjp == nullptr) continue;  // a graph of plain operators needs no callback
      user_.releases = 0;
      auto f = dynamics(with_vjp);
      Solution solution;
      ASSERT_OK(solve(f, solution, gradient));
      auto sum = end_sum(solution);
      f = Dynamics();
      solution = Solution();
      EXPECT_EQ(user_.releases, 0);
      EXPECT_OK(neuralode_tensor_backward(sum.get(), nullptr, 0, 0));
      sum = Tensor();
      EXPECT_EQ(user_.releases, 1);
    }
}

TEST_F(DynamicsAbi, ReleaseComesThoughATimeWasChangedInPlaceByItsOwnSolution) {
  {
    const auto f = dynamics();
    const auto t0 = scalar_of(0), t1 = scalar_of(1);
    Solution solution;
    ASSERT_OK(neuralode_solve(f.get(), z0_.list(), 1, t0.get(), t1.get(), nullptr, nullptr, solution.out()));
    operation("aten::mul_", "Tensor", {t1.get(), end_sum(solution).get()});
  }
  EXPECT_EQ(user_.releases, 1);
}

TEST_F(DynamicsAbi, ReleaseIsNotCalledWhenCreationFails) {
  Dynamics f;
  EXPECT_EQ(neuralode_dynamics_create_callback(nullptr, nullptr, release, &user_, nullptr, 0, nullptr, 0, f.out()),
            NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(neuralode_dynamics_create_callback(eval, nullptr, release, &user_, nullptr, -1, nullptr, 0, f.out()),
            NEURALODE_INVALID_ARGUMENT);
  const neuralode_tensor none = nullptr;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT,
                        neuralode_dynamics_create_callback(eval, nullptr, release, &user_, &none, 1, nullptr, 0, f.out())),
              HasSubstr("parameters[0]"));
  EXPECT_EQ(f.get(), nullptr);
  EXPECT_EQ(user_.releases, 0);
}

TEST_F(DynamicsAbi, AFailedCallbackComesOutWithItsStatusAndText) {
  user_.failing_eval = 3;
  const auto f = dynamics();
  Solution solution;
  const auto before = live_objects();
  EXPECT_THAT(text_with(NEURALODE_CALLBACK_FAILED, solve(f, solution)),
              AllOf(HasSubstr("eval"), HasSubstr("status 10"), HasSubstr("the user says no")));
  EXPECT_EQ(solution.get(), nullptr);
  EXPECT_EQ(user_.evals, 4);
  EXPECT_EQ(live_objects(), before);  // what the failing callback had filled in is gone too
}

TEST_F(DynamicsAbi, AFailedCallbackInTheReverseSweepComesOutOfBackward) {
  for (const auto with_vjp : {neuralode_vjp_callback(nullptr), neuralode_vjp_callback(vjp)}) {
    user_.evals = 0;
    user_.failing_eval = 14;
    const auto f = dynamics(with_vjp);
    Solution solution;
    ASSERT_OK(solve(f, solution));
    const auto sum = end_sum(solution);
    const auto before = live_objects();
    EXPECT_THAT(text_with(NEURALODE_CALLBACK_FAILED, neuralode_tensor_backward(sum.get(), nullptr, 0, 0)), HasSubstr("the user says no"));
    EXPECT_EQ(live_objects(), before);
  }
}

TEST_F(DynamicsAbi, SlotsThatAreLeftOutOrDoNotFitAreNamed) {
  const auto f = dynamics();
  Solution solution;
  user_.leave_out = true;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, solve(f, solution)), HasSubstr("undefined tensor for state 0"));
  const auto wrong = vector_of({1, 2, 3});
  user_.instead = wrong.get();
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, solve(f, solution)), HasSubstr("[3]"));
}

TEST_F(DynamicsAbi, ASuccessfulSolveLeavesTheErrorTextAlone) {
  const auto f = dynamics();
  text_with(NEURALODE_INVALID_ARGUMENT, neuralode_threads_set(0));
  const char* const borrowed = neuralode_last_error();
  const std::string text = borrowed;
  Solution solution;
  ASSERT_OK(solve(f, solution));
  EXPECT_EQ(neuralode_last_error(), text);
  EXPECT_EQ(borrowed, text);
}

TEST_F(DynamicsAbi, CanBeEvaluatedAlone) {
  const auto f = dynamics();
  Tensor u;
  ASSERT_OK(neuralode_dynamics_eval(f.get(), 0.5, z0_.list(), 1, u.out()));
  EXPECT_EQ(values_of(u.get()), (std::vector<double>{0.5, 1}));
  neuralode_tensor out = nullptr;
  EXPECT_EQ(neuralode_dynamics_eval(f.get(), 0.5, nullptr, 0, &out), NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(neuralode_dynamics_eval(f.get(), 0.5, z0_.list(), -1, &out), NEURALODE_INVALID_ARGUMENT);
}

TEST_F(DynamicsAbi, ListsItsParametersAndRefusesToCastThem) {
  const auto f = dynamics();
  TensorMap map;
  ASSERT_OK(neuralode_dynamics_parameters(f.get(), map.out()));
  const char* name = nullptr;
  ASSERT_OK(neuralode_tensor_map_name(map.get(), 0, &name));
  EXPECT_STREQ(name, "parameter0");
  EXPECT_OK(neuralode_dynamics_set_training(f.get(), 0));
  EXPECT_THAT(text_with(NEURALODE_UNSUPPORTED, neuralode_dynamics_to_dtype(f.get(), NEURALODE_FLOAT32)), HasSubstr("cast the tensors"));
  EXPECT_EQ(neuralode_dynamics_to_dtype(f.get(), NEURALODE_INT64), NEURALODE_INVALID_ARGUMENT);
}

TEST_F(DynamicsAbi, GraphsMayEndOnAnotherThread) {
  auto f = dynamics(vjp);
  Solution solution;
  ASSERT_OK(solve(f, solution));
  f = Dynamics();
  std::thread([&] {
    const auto sum = end_sum(solution);
    EXPECT_OK(neuralode_tensor_backward(sum.get(), nullptr, 0, 0));
    solution = Solution();
  }).join();
  EXPECT_EQ(user_.releases, 1);
}

TEST_F(DynamicsAbi, AMissingTorchscriptFileIsAnIoError) {
  neuralode_dynamics f = nullptr;
  EXPECT_THAT(text_with(NEURALODE_IO_ERROR, neuralode_dynamics_load_torchscript("no/such.pt", "cpu", &f)), HasSubstr("no/such.pt"));
  EXPECT_EQ(f, nullptr);
}

}  // namespace
}  // namespace neuralode::abi
