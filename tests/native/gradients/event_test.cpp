// Solves that end on an event.
#include "support/observed.h"

namespace neuralode::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Event, OfAPendulumIsAQuarterOfItsPeriod) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[1], -z[0].sin()}; });
  const double angle = 2;
  double a = 1, b = std::cos(angle / 2);  // T / 4 = pi / 2 / agm(1, cos(angle / 2)), Gauss
  for (int i = 0; i < 8; ++i) std::tie(a, b) = std::make_pair((a + b) / 2, std::sqrt(a * b));
  const Ode ode{f, {time_of(angle), time_of(0)}, 0, 100};
  const auto observed = observe(ode, with(SolverKind::dopri8, adaptive_steps(1e-12, 1e-12), GradientKind::none),
                                event([](const at::Tensor&, const TensorList& z) { return z[0]; }));
  ASSERT_TRUE(observed.event_time.defined());
  EXPECT_NEAR(observed.event_time.item<double>(), std::acos(-1.0) / 2 / a, 1e-10);  // 1e-12 a step
}

TEST(Event, IsTheFirstInItsDirection) {
  EXPECT_NEAR(sine(event(height, 1), 0.5, 20).event_time.item<double>(), 2 * pi, 1e-9);
  EXPECT_NEAR(sine(event(height, -1), 0.5, 20).event_time.item<double>(), pi, 1e-9);
  EXPECT_NEAR(sine(event(height, 0), 0.5, 20).event_time.item<double>(), pi, 1e-9);
  // Backward in time sin falls where it rises forward.
  EXPECT_NEAR(sine(event(height, -1), 0.5, -20).event_time.item<double>(), 0, 1e-9);
  EXPECT_NEAR(sine(event(height, 1), 0.5, -20).event_time.item<double>(), -pi, 1e-9);
}

TEST(Event, IsNoneAtTheStartAndNoneWhereGDoesNotChangeSign) {
  EXPECT_NEAR(sine(event(height), 0, 20).event_time.item<double>(), pi, 1e-9);
  const auto without = sine(event([](const at::Tensor&, const TensorList& z) { return z[0] + 2; }), 0, 1);
  EXPECT_FALSE(without.event_time.defined());
  EXPECT_EQ(without.solution.outcome->reached, 1);
  EXPECT_NEAR(without.solution.states[0].item<double>(), std::sin(1.0), 1e-9);
}

TEST(Event, LeavesTimesBeyondItNaN) {
  for (const auto gradient : {GradientKind::none, GradientKind::backprop}) {
    const auto observed = sine(event(height), 0.5, 20, {1, 3, 4, 20}, gradient);
    EXPECT_THAT(observed.solution.states[0].sizes().vec(), ElementsAre(4));
    EXPECT_NEAR(observed.solution.states[0][1].item<double>(), std::sin(3.0), 1e-9);
    EXPECT_TRUE(std::isnan(observed.solution.states[0][2].item<double>()));
    EXPECT_TRUE(std::isnan(observed.solution.states[0][3].item<double>()));
    EXPECT_NEAR(observed.solution.outcome->reached, pi, 1e-9);
  }
}

TEST(Event, WithoutOneTimesAndGradientsAreThoseOfAPlainSolve) {
  const Crossing crossing;
  const auto never = event([](const at::Tensor& t, const TensorList& z) { return t + z[0].square().sum() + 100; });
  for (const auto solver : {SolverKind::dopri5, SolverKind::alf})
    for (const auto gradient : {GradientKind::aca, GradientKind::adjoint, GradientKind::backprop}) {
      const auto options = with(solver, fixed_steps(0.15), gradient);
      const Ode ode = crossing.ode({0.5, 0.9, 3});
      const auto z0 = wave({3, 4}).requires_grad_(), same = wave({3, 4}).requires_grad_();
      const auto t1 = time_of(3, true), same_t1 = time_of(3, true);
      const auto t_eval = at::tensor(ode.t_eval, at::kDouble);
      const auto observed = solve({ode.f, {z0}, time_of(0.2), t1, t_eval, options}, never);
      const auto plain = solve({ode.f, {same}, time_of(0.2), same_t1, t_eval, options});
      ASSERT_FALSE(observed.event_time.defined());
      // Of a method that is not FSAL, a closing stage serves as the next step's first: the same numbers.
      EXPECT_LE(testing::gap(observed.solution.states, plain.states), 1e-15);
      const auto found = torch::autograd::grad({loss_of(observed.solution.states)}, {z0, t1});
      EXPECT_LE(testing::gap(found, torch::autograd::grad({loss_of(plain.states)}, {same, same_t1})), 1e-14);
    }
}

TEST(Event, ExactlyAtATimeAskedForIsGivenOutThere) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::ones_like(z[0])}; });
  const auto zero_at_one = event([](const at::Tensor&, const TensorList& z) { return z[0].sum() - 1; });
  for (const auto gradient : {GradientKind::backprop, GradientKind::aca, GradientKind::adjoint}) {
    const auto z0 = at::zeros({1}, at::kDouble).requires_grad_();
    const auto observed = solve({f,
                                 {z0},
                                 time_of(0),
                                 time_of(3),
                                 at::tensor({0.5, 1.0, 2.0}, at::kDouble),
                                 with(SolverKind::midpoint, fixed_steps(0.25), gradient)},
                                zero_at_one);
    ASSERT_EQ(observed.event_time.item<double>(), 1);
    EXPECT_EQ(observed.solution.states[0][1].item<double>(), 1);
    // z at the event is 1 whatever z0 is, and its time 1 - z0.
    const auto of_state = torch::autograd::grad({observed.solution.states[0][1].sum()}, {z0}, {}, /*retain_graph=*/true)[0];
    EXPECT_NEAR(of_state.item<double>(), 0, 1e-14);
    EXPECT_NEAR(torch::autograd::grad({observed.event_time}, {z0})[0].item<double>(), -1, 1e-14);
  }
}

TEST(Event, InFloat32IsAtItsRounding) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[1], -z[0]}; });
  const auto one = at::ones({}, at::kFloat);
  const auto observed = observe({f, {one * 0, one}, 0, 20}, with(SolverKind::dopri5, fixed_steps(0.1), GradientKind::none), event(height));
  EXPECT_NEAR(observed.event_time.item<double>(), pi, 1e-5);  // 32 steps of 2^-24 each, and f's times
}

TEST(Event, CountsTheEvaluationsOfFindingIt) {
  const Crossing crossing;
  std::int64_t evaluations = 0;
  const auto f = dynamics([&evaluations, mlp = crossing.mlp](const at::Tensor& t, const TensorList& z) {
    ++evaluations;
    return TensorList{mlp(t, z[0])};
  });
  const auto observed =
      observe({f, {wave({3, 4})}, 0.2, 3}, with(SolverKind::rk4, fixed_steps(0.15), GradientKind::none), crossing.observer());
  EXPECT_EQ(observed.solution.statistics->nfe_forward, evaluations);
  EXPECT_LE(evaluations, 4 * 3 + 1 + 4 * 8);  // three steps, and a few tries of a root that the interpolant knows to h^4
}

TEST(Event, ThatJumpsIsFoundWhereItJumps) {
  const auto jump = [](const at::Tensor& t, const TensorList&) { return at::where(t < 1.2345, t - 3, t); };
  EXPECT_NEAR(sine(event(jump), 0, 3).event_time.item<double>(), 1.2345, 1e-12);
}

TEST(Event, FailuresNameWhatToDo) {
  EXPECT_THAT(
      error_text(Status::invalid_argument, [] { sine(event([](const at::Tensor&, const TensorList&) { return at::ones({2}); }), 0, 1); }),
      HasSubstr("event: g(t, z) must be one floating-point number"));
  EXPECT_THAT(error_text(Status::non_finite, [] { sine(event([](const at::Tensor& t, const TensorList&) { return t * NAN; }), 0, 1); }),
              HasSubstr("event: g(t, z) is nan at t = 0"));
  EXPECT_THAT(error_text(Status::invalid_argument, [] { sine({}, 0, 1); }), HasSubstr("observer: has neither"));
  EXPECT_THAT(error_text(Status::invalid_argument, [] { sine(event(height, 2), 0, 1); }), HasSubstr("direction: 2"));
  for (const auto solver : {SolverKind::reversible_heun, SolverKind::rk4}) {
    auto options = with(solver, fixed_steps(0.1), GradientKind::reversible);
    EXPECT_THAT(error_text(Status::invalid_argument, [&] { check(options, event(height)); }), HasSubstr("event: "));
  }
  const Mlp mlp;
  const auto z0 = wave({3, 4}).requires_grad_();
  const auto unrecorded = event([](const at::Tensor& t, const TensorList&) { return t.detach() - 0.5; });
  const Problem problem{mlp.dynamics(), {z0}, time_of(0), time_of(1), {}, with(SolverKind::rk4, fixed_steps(0.1), GradientKind::aca)};
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { solve(problem, unrecorded); }), HasSubstr("was not recorded"));
}

TEST(Event, ThatCannotBeSteppedToLeavesTheStateBeforeItsStep) {
  bool fails = false;
  const auto f =
      dynamics([&](const at::Tensor&, const TensorList& z) { return TensorList{fails ? at::full_like(z[0], NAN) : at::ones_like(z[0])}; });
  const auto observer = event([&](const at::Tensor& t, const TensorList& z) {
    fails = t.item<double>() > 0.35;  // found: every f from here on is of a step that is to end on it
    return z[0].sum() - 0.35;
  });
  for (const auto gradient : {GradientKind::aca, GradientKind::backprop}) {
    fails = false;
    auto options = with(SolverKind::rk4, fixed_steps(0.1), gradient);
    options.failure = FailureKind::value;
    const auto solution = observe({f, {at::zeros({1}, at::kDouble)}}, options, observer).solution;
    EXPECT_EQ(solution.outcome->status, Status::non_finite);
    EXPECT_NEAR(solution.outcome->reached, 0.3, 1e-12);
    EXPECT_NEAR(solution.states[0].item<double>(), 0.3, 1e-12);
    EXPECT_EQ(solution.statistics->steps_accepted, 3);
  }
}

}  // namespace
}  // namespace neuralode::testing
