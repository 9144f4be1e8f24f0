// Callbacks after steps.
#include "support/observed.h"

namespace neuralode::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(StepCallback, SeesEveryAcceptedStep) {
  const Mlp mlp;
  for (const auto gradient : {GradientKind::none, GradientKind::aca, GradientKind::backprop}) {
    std::vector<std::int64_t> numbers;
    std::vector<double> times;
    at::Tensor last;
    Observer observer;
    observer.step = [&](std::int64_t number, double t, double h, const TensorList& z) {
      EXPECT_NEAR(t - h, times.empty() ? 0 : times.back(), 1e-15);
      EXPECT_FALSE(z[0].requires_grad());
      numbers.push_back(number);
      times.push_back(t);
      last = z[0].clone();
      return false;
    };
    const auto observed = observe({mlp.dynamics(), {wave({3, 4})}, 0, 1}, with(SolverKind::rk4, fixed_steps(0.3), gradient), observer);
    EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(times.back(), 1);
    EXPECT_TRUE(identical(last, observed.solution.states[0]));
    EXPECT_EQ(observed.solution.statistics->nfe_forward, 16);  // as without it
  }
}

TEST(StepCallback, ThatStopsCancelsTheSolve) {
  const Mlp mlp;
  Observer observer;
  observer.step = [](std::int64_t number, double, double, const TensorList&) { return number == 2; };
  for (const auto gradient : {GradientKind::aca, GradientKind::backprop}) {
    auto options = with(SolverKind::rk4, fixed_steps(0.25), gradient);
    const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.5, 0.75, 1}};
    EXPECT_THAT(error_text(Status::cancelled, [&] { observe(ode, options, observer); }), HasSubstr("after step 2, at t = 0.5"));
    options.failure = FailureKind::value;
    const auto solution = observe({ode.f, ode.z0, 0, 1, {0.25, 0.75, 1}}, options, observer).solution;
    EXPECT_EQ(solution.outcome->status, Status::cancelled);
    EXPECT_EQ(solution.outcome->reached, 0.5);
    EXPECT_TRUE(solution.states[0][0].isfinite().all().item<bool>());
    EXPECT_TRUE(solution.states[0][1].isnan().all().item<bool>());
    EXPECT_FALSE(solution.states[0].requires_grad());
  }
}

TEST(StepCallback, ThatStopsAtAnOutputLeavesItsState) {
  const Mlp mlp;
  Observer observer;
  observer.step = [](std::int64_t, double t, double, const TensorList&) { return t == 0.5; };
  for (const auto gradient : {GradientKind::aca, GradientKind::backprop})
    for (auto options :
         {with(SolverKind::dopri5, fixed_steps(0.25), gradient), with(SolverKind::dopri5, adaptive_steps(1e-3, 1e-6), gradient)}) {
      options.failure = FailureKind::value;
      const auto states = observe({mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.25, 0.5, 1}}, options, observer).solution.states;
      EXPECT_TRUE(states[0][1].isfinite().all().item<bool>());
      EXPECT_TRUE(states[0][2].isnan().all().item<bool>());
    }
}

TEST(StepCallback, IsToldTheStepThatAnEventCutShort) {
  std::vector<double> ends;
  auto observer = event(height);
  observer.step = [&](std::int64_t, double t, double, const TensorList&) {
    ends.push_back(t);
    return false;
  };
  const auto observed = sine(observer, 0.5, 20);
  EXPECT_EQ(ends.back(), observed.event_time.item<double>());
  EXPECT_EQ(ends.size(), 27u);  // of a tenth from 0.5 to pi
}

}  // namespace
}  // namespace neuralode::testing
