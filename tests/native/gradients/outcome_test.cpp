// Failures of a solve as values.
#include <gtest/gtest.h>

#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

SolveOptions by_value(SolveOptions options) {
  options.failure = FailureKind::value;
  return options;
}

/// NaN in the second state from t = 0.5 on.
std::shared_ptr<Dynamics> breaking() {
  return dynamics([](const at::Tensor& t, const TensorList& z) {
    return TensorList{z[0].sin(), t.item<double>() >= 0.5 ? at::full_like(z[1], NAN) : z[1].cos()};
  });
}

TEST(Outcome, OfASolveThatSucceededIsOkAndReachesT1) {
  const Mlp mlp;
  for (const auto kind : {GradientKind::mali, GradientKind::backprop, GradientKind::none}) {
    const auto outcome = *solve_plainly({mlp.dynamics(), {wave({3, 4})}, 0, 0.7}, by_value(fixed_steps(0.15, 1, kind))).outcome;
    EXPECT_EQ(outcome.status, Status::ok);
    EXPECT_EQ(outcome.text, "");
    EXPECT_EQ(outcome.reached, 0.7);
  }
}

TEST(Outcome, OfANonFiniteFNamesStepTimeAndState) {
  for (const auto kind : {GradientKind::mali, GradientKind::backprop, GradientKind::none}) {
    const TensorList z0{wave({4}).requires_grad_(), wave({2})};
    const auto solution = solve_plainly({breaking(), z0}, by_value(fixed_steps(0.1, 1, kind)));
    EXPECT_EQ(solution.outcome->status, Status::non_finite);
    EXPECT_THAT(solution.outcome->text, AllOf(HasSubstr("f(t, z)"), HasSubstr("state 1 at step 6, t = 0.55"), HasSubstr("check f")));
    EXPECT_NEAR(solution.outcome->reached, 0.5, 1e-15);
    EXPECT_EQ(solution.statistics->steps_accepted, 5);
  }
}

TEST(Outcome, OfAFailureHoldsTheLastGoodStateWithoutAGraph) {
  for (const auto kind : {GradientKind::mali, GradientKind::backprop}) {
    const TensorList z0{wave({4}).requires_grad_(), wave({2})};
    const auto failed = solve_plainly({breaking(), z0}, by_value(fixed_steps(0.1, 1, kind)));
    const auto shorter = solve_plainly({breaking(), z0, 0, 0.5}, fixed_steps(0.1, 1, kind));
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_LE(gap(failed.states[i], shorter.states[i].detach()), 1e-15);
      EXPECT_FALSE(failed.states[i].requires_grad());
    }
  }
}

TEST(Outcome, OfAFailureInExactReversalHoldsTheLastGoodState) {
  auto options = by_value(fixed_steps(0.1));
  options.reversal = ReversalKind::exact;
  const TensorList z0{wave({4}), wave({2})};
  const auto failed = solve_plainly({breaking(), z0}, options), shorter = solve_plainly({breaking(), z0, 0, 0.5}, options);
  EXPECT_EQ(failed.outcome->status, Status::non_finite);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_LE(gap(failed.states[i], shorter.states[i]), 1e-14);
}

TEST(Outcome, OfAFailureHasTheTimesThatWereReachedAndNaNBeyond) {
  for (const auto kind : {GradientKind::mali, GradientKind::backprop}) {
    const auto states =
        solve_plainly({breaking(), {wave({4}), wave({2})}, 0, 1, {0, 0.25, 0.75, 1}}, by_value(fixed_steps(0.1, 1, kind))).states;
    const auto finite = states[0].isfinite().all(1);
    EXPECT_TRUE(finite.equal(at::tensor({1, 1, 0, 0}).to(at::kBool))) << finite;
    EXPECT_TRUE(identical(states[0][0], wave({4})));
  }
}

TEST(Outcome, OfTooManyStepsSaysWhereItStopped) {
  auto options = by_value(fixed_steps(0.1));
  options.steps.max_steps = 3;
  const Mlp mlp;
  auto outcome = *solve_plainly({mlp.dynamics(), {wave({3, 4})}}, options).outcome;
  EXPECT_EQ(outcome.status, Status::step_limit);
  EXPECT_EQ(outcome.reached, 0);  // a fixed grid is counted before it is walked
  options = by_value(adaptive_steps(1e-8, 1e-8));
  options.steps.max_steps = 30;
  outcome = *solve_plainly({mlp.dynamics(), {wave({3, 4})}}, options).outcome;
  EXPECT_EQ(outcome.status, Status::step_limit);
  EXPECT_THAT(outcome.text, AllOf(HasSubstr("max_steps"), HasSubstr("t = ")));
  EXPECT_GT(outcome.reached, 0);
  EXPECT_LT(outcome.reached, 1);
}

TEST(Outcome, OfAStepThatUnderflowsIsTheUnderflow) {
  // A jump at t = 0.5 that no step size resolves to 1e-12.
  const auto f =
      dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.item<double>() >= 0.5 ? z[0] * 1e14 : z[0]}; });
  const auto outcome = *solve_plainly({f, {wave({4})}}, by_value(adaptive_steps(1e-12, 1e-12))).outcome;
  EXPECT_TRUE(outcome.status == Status::step_size_underflow || outcome.status == Status::non_finite) << outcome.text;
  EXPECT_NEAR(outcome.reached, 0.5, 0.01);
}

TEST(Outcome, OfABadStartHoldsZ0) {
  auto z0 = wave({4});
  z0[2] = NAN;
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0]}; });
  for (const auto kind : {GradientKind::mali, GradientKind::backprop}) {
    const auto solution = solve_plainly({f, {z0}, 2, 3}, by_value(fixed_steps(0.1, 1, kind)));
    EXPECT_EQ(solution.outcome->status, Status::non_finite);
    EXPECT_EQ(solution.outcome->reached, 2);
    EXPECT_TRUE(solution.states[0][0].equal(z0[0]));
  }
}

TEST(Outcome, DoesNotSwallowWhatFThrowsNorBadArguments) {
  const auto f = dynamics([](const at::Tensor&, const TensorList&) -> TensorList { throw std::out_of_range("f gave up"); });
  EXPECT_THROW(solve_plainly({f, {wave({4})}}, by_value(fixed_steps(0.1))), std::out_of_range);
  EXPECT_THROW(solve_plainly({f, {wave({4})}}, by_value(fixed_steps(0.1, 0.5))), Error);
}

}  // namespace
}  // namespace neuralode::testing
