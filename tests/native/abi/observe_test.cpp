// neuralode/observe.h.
#include <cmath>

#include "solve_abi.h"

namespace neuralode::abi {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Observer = Owned<neuralode_observer, neuralode_observer_destroy>;

/// What the callbacks of a test saw and are to do.
struct Watch {
  std::vector<std::int64_t> numbers;
  std::vector<double> times, first_elements;
  std::int64_t stop_after = 0;
  std::int32_t stop = 1;
  bool fails = false;
  int released = 0;
};

neuralode_status on_step(void* user, int64_t number, double t, double h, const neuralode_tensor* z, int64_t count, int32_t* out_stop) {
  auto& watch = *static_cast<Watch*>(user);
  if (watch.fails) {
    neuralode_set_last_error("enough of it");
    return NEURALODE_RUNTIME_ERROR;
  }
  EXPECT_EQ(count, 1);
  EXPECT_GT(h, 0);
  EXPECT_EQ(*out_stop, 0);
  watch.numbers.push_back(number);
  watch.times.push_back(t);
  watch.first_elements.push_back(values_of(z[0])[0]);
  if (number == watch.stop_after) *out_stop = watch.stop;
  return NEURALODE_OK;
}

/// The first element of z, less 2: of z' = z from 1 it is 0 at log 2.
neuralode_status doubled(void* user, neuralode_tensor t, const neuralode_tensor* z, int64_t, neuralode_tensor* out_g) {
  if (static_cast<Watch*>(user)->fails) {
    neuralode_set_last_error("no g today");
    return NEURALODE_RUNTIME_ERROR;
  }
  const auto two =
      operation("aten::add", "Tensor", {operation("aten::ones_like", "", {t}).get(), operation("aten::ones_like", "", {t}).get()});
  neuralode_value arguments[3]{};
  arguments[0].kind = NEURALODE_VALUE_TENSOR;
  arguments[0].tensor = z[0];
  arguments[1].kind = arguments[2].kind = NEURALODE_VALUE_INT;
  neuralode_value first{};
  std::int64_t count = 0;
  EXPECT_OK(neuralode_op_call("aten::select", "int", arguments, 3, &first, 1, &count));
  Tensor owned;
  *owned.out() = first.tensor;
  *out_g = operation("aten::sub", "Tensor", {owned.get(), two.get()}).release();
  return NEURALODE_OK;
}

void count_release(void* user) { ++static_cast<Watch*>(user)->released; }

class ObserveAbi : public SolveAbi {
 protected:
  ObserveAbi() { options_.solver = NEURALODE_SOLVER_DOPRI5, options_.gradient = NEURALODE_GRADIENT_ACA; }
  neuralode_status observe(neuralode_step_callback step, neuralode_event_callback event, int32_t direction = NEURALODE_EVENT_ANY,
                           neuralode_tensor t_eval = nullptr) {
    observer_ = Observer();
    solution_ = Solution();
    EXPECT_OK(neuralode_observer_create(step, event, direction, nullptr, &watch_, observer_.out()));
    return neuralode_solve_observed(f_.get(), z0_.list(), 1, t0_.get(), t1_.get(), t_eval, &options_, observer_.get(), solution_.out());
  }
  /// The event's time; an owner of nothing where none occurred.
  Tensor event_time() const {
    Tensor time;
    std::int32_t occurred = -1;
    EXPECT_OK(neuralode_solution_event(solution_.get(), &occurred, time.out()));
    EXPECT_EQ(occurred, time.get() != nullptr);
    return time;
  }

  Watch watch_;
  Observer observer_;
};

TEST_F(ObserveAbi, AStepCallbackSeesEachAcceptedStep) {
  ASSERT_OK(observe(on_step, nullptr));
  EXPECT_THAT(watch_.numbers, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(watch_.times.back(), 1);
  EXPECT_NEAR(watch_.first_elements.back(), std::exp(1), 1e-6);  // order 5 at h = 0.1
  EXPECT_EQ(event_time().get(), nullptr);
}

TEST_F(ObserveAbi, AStepCallbackMayCancel) {
  watch_.stop_after = 3;
  EXPECT_THAT(text_with(NEURALODE_CANCELLED, observe(on_step, nullptr)), AllOf(HasSubstr("step 3"), HasSubstr("t = 0.3")));
  EXPECT_EQ(solution_.get(), nullptr);
  options_.failure = NEURALODE_FAILURE_VALUE;
  const auto times = vector_of({0.25, 0.5, 1});
  ASSERT_OK(observe(on_step, nullptr, NEURALODE_EVENT_ANY, times.get()));
  EXPECT_EQ(outcome().status, NEURALODE_CANCELLED);
  EXPECT_NEAR(outcome().reached, 0.25, 1e-15);  // 0.1, 0.2, 0.25
  Tensor state;
  ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
  EXPECT_TRUE(std::isnan(values_of(state.get())[2]));
}

TEST_F(ObserveAbi, ACallbackThatFailsFailsTheSolveWithItsText) {
  watch_.fails = true;
  options_.failure = NEURALODE_FAILURE_VALUE;
  EXPECT_THAT(text_with(NEURALODE_CALLBACK_FAILED, observe(on_step, nullptr)),
              AllOf(HasSubstr("step callback"), HasSubstr("enough of it")));
  EXPECT_THAT(text_with(NEURALODE_CALLBACK_FAILED, observe(nullptr, doubled)), AllOf(HasSubstr("event callback"), HasSubstr("no g today")));
  EXPECT_EQ(solution_.get(), nullptr);
}

TEST_F(ObserveAbi, AFlagThatIsNoneIsRefused) {
  watch_.stop_after = 1;
  watch_.stop = 7;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, observe(on_step, nullptr)), HasSubstr("out_stop: 7"));
}

TEST_F(ObserveAbi, AnEventEndsTheSolveAndItsTimeIsDifferentiable) {
  options_.step_size = 0.01;
  for (const auto gradient : {NEURALODE_GRADIENT_BACKPROP, NEURALODE_GRADIENT_ADJOINT, NEURALODE_GRADIENT_ACA, NEURALODE_GRADIENT_PNODE}) {
    options_.gradient = gradient;
    z0_ = vector_of({1, -2}, true);
    ASSERT_OK(observe(on_step, doubled));
    const auto time = event_time();
    ASSERT_NE(time.get(), nullptr);
    EXPECT_NEAR(values_of(time.get())[0], std::log(2), 1e-12);  // order 5 at h = 0.01
    EXPECT_NEAR(outcome().reached, std::log(2), 1e-12);
    ASSERT_OK(neuralode_tensor_backward(time.get(), nullptr, 0, 0));
    // t* = log(2 / z0): dt*/dz0 = -1 / z0.
    EXPECT_NEAR(values_of(gradient_of(z0_).get())[0], -1, 1e-9);
    EXPECT_EQ(values_of(gradient_of(z0_).get())[1], 0);
  }
}

TEST_F(ObserveAbi, AnEventOfTheOtherDirectionIsNone) {
  ASSERT_OK(observe(nullptr, doubled, NEURALODE_EVENT_FALLING));
  EXPECT_EQ(event_time().get(), nullptr);
  EXPECT_EQ(outcome().reached, 1);
  ASSERT_OK(observe(nullptr, doubled, NEURALODE_EVENT_RISING));
  EXPECT_NE(event_time().get(), nullptr);
}

TEST_F(ObserveAbi, APlainSolveHasNoEvent) {
  ASSERT_OK(solve());
  EXPECT_EQ(event_time().get(), nullptr);
}

TEST_F(ObserveAbi, WhatMakesNoObserverIsRefusedAndNotReleased) {
  Observer none;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_observer_create(nullptr, nullptr, 0, count_release, &watch_, none.out())),
              HasSubstr("observer: has neither"));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_observer_create(nullptr, doubled, 2, count_release, &watch_, none.out())),
              HasSubstr("direction: 2"));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_observer_create(on_step, nullptr, 1, count_release, &watch_, none.out())),
              HasSubstr("direction: 1"));
  EXPECT_EQ(watch_.released, 0);
  EXPECT_EQ(none.get(), nullptr);
}

TEST_F(ObserveAbi, AnObserverIsReleasedOnceAndCountsAsAnObject) {
  const auto before = live_objects();
  {
    Observer observer;
    ASSERT_OK(neuralode_observer_create(on_step, doubled, 0, count_release, &watch_, observer.out()));
    EXPECT_EQ(live_objects().second, before.second + 1);
    for (int i = 0; i < 2; ++i) {
      Solution solution;
      ASSERT_OK(
          neuralode_solve_observed(f_.get(), z0_.list(), 1, t0_.get(), t1_.get(), nullptr, &options_, observer.get(), solution.out()));
    }
    EXPECT_EQ(watch_.released, 0);
  }
  EXPECT_EQ(watch_.released, 1);
  EXPECT_EQ(live_objects(), before);
}

TEST_F(ObserveAbi, DenseOutputInterpolatesWithoutMoreEvaluations) {
  options_.dense_output = 1;
  ASSERT_OK(solve());
  const auto alone = statistics().nfe_forward;
  const auto times = vector_of({0.01, 0.02, 0.55, 0.999});
  ASSERT_OK(solve(times.get()));
  EXPECT_EQ(statistics().nfe_forward, alone);
  EXPECT_EQ(statistics().steps_accepted, 10);
  Tensor state;
  ASSERT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
  EXPECT_NEAR(values_of(state.get())[4], std::exp(0.55), 1e-6);  // order 4 at h = 0.1
}

}  // namespace
}  // namespace neuralode::abi
