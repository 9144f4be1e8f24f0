// Solves that end on an event, and step callbacks.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "gradients/observer.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64; some hundred evaluations of slope near 1

using EventFunction = std::function<at::Tensor(const at::Tensor&, const TensorList&)>;

SolveOptions with(SolverKind solver, SolveOptions options, GradientKind gradient, bool dense = false, std::int64_t checkpoints = 0) {
  options.solver = solver;
  options.gradient = gradient;
  options.dense_output = dense;
  options.checkpoints = gradient == GradientKind::pnode ? checkpoints : 0;
  if (traits_of(solver).implicit) {
    options.newton.tolerance = options.steps.step_size > 0 ? 1e-13 : 1e-9;
    options.newton.max_iterations = 30;
  }
  return options;
}

Observer event(EventFunction g, int direction = 0) { return {nullptr, std::move(g), direction}; }

ObservedSolution observe(const Ode& ode, const SolveOptions& options, const Observer& observer) {
  return solve(
      {ode.f, ode.z0, time_of(ode.t0), time_of(ode.t1), ode.t_eval.empty() ? at::Tensor() : at::tensor(ode.t_eval, at::kDouble), options},
      observer);
}

/// Gradients of the inner product of the states that are reached with waves, + 1.7 times the event's time.
struct EventGradients {
  double time;
  TensorList states, gradients;
  Statistics statistics;
};

EventGradients differentiate(const Ode& ode, const SolveOptions& options, const Observer& observer, const TensorList& of_g = {}) {
  TensorList inputs;
  for (const auto& z : ode.z0) inputs.push_back(z.detach().clone().requires_grad_());
  const TensorList z0(inputs);
  const auto t0 = time_of(ode.t0, true);
  const auto t_eval = ode.t_eval.empty() ? at::Tensor() : at::tensor(ode.t_eval, at::kDouble).requires_grad_();
  const auto parameters = differentiable_parameters(*ode.f);
  inputs.push_back(t0);
  if (t_eval.defined()) inputs.push_back(t_eval);
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  inputs.insert(inputs.end(), of_g.begin(), of_g.end());
  const auto observed = solve({ode.f, z0, t0, time_of(ode.t1, true), t_eval, options}, observer);
  TensorList reached;
  for (const auto& state : observed.solution.states) reached.push_back(state.nan_to_num(0));
  const auto loss = loss_of(reached) + 1.7 * observed.event_time;
  EventGradients result{observed.event_time.item<double>(), {}, torch::autograd::grad({loss}, inputs, {}, {}, false, true), {}};
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!result.gradients[i].defined()) result.gradients[i] = at::zeros_like(inputs[i]);
  for (const auto& state : reached) result.states.push_back(state.detach());
  result.statistics = *observed.solution.statistics;
  return result;
}

double gap(const EventGradients& a, const EventGradients& b) {
  return std::max({std::abs(a.time - b.time), testing::gap(a.states, b.states), testing::gap(a.gradients, b.gradients)});
}

/// Free fall of (height, speed) under a gravity that requires a gradient.
struct Fall {
  at::Tensor gravity = at::scalar_tensor(9.81, at::kDouble).requires_grad_();
  std::shared_ptr<Dynamics> f() const {
    return dynamics(
        [gravity = gravity](const at::Tensor&, const TensorList& z) {
          return TensorList{at::stack({z[0][1], -gravity})};
        },
        {gravity});
  }
  static Observer ground() {
    return event([](const at::Tensor&, const TensorList& z) { return z[0][0]; }, -1);
  }
};

class FreeFall : public ::testing::TestWithParam<GradientKind> {};

TEST_P(FreeFall, HasItsAnalyticTimeAndDerivatives) {
  const Fall fall;
  const auto z0 = at::tensor({3.0, 1.5}, at::kDouble).requires_grad_();
  const auto t0 = time_of(0.25, true);
  const bool mali = GetParam() == GradientKind::mali;
  // Runge-Kutta steps of order 2 and more are exact for it. ALF's velocity starts exact and keeps linear f exact too.
  const auto options = with(mali ? SolverKind::alf : SolverKind::dopri5, fixed_steps(0.1), GetParam());
  const auto observed = solve({fall.f(), {z0}, t0, time_of(10), {}, options}, Fall::ground());
  const double speed = 1.5, height = 3, g = 9.81, t = (speed + std::sqrt(speed * speed + 2 * g * height)) / g;
  ASSERT_TRUE(observed.event_time.defined());
  EXPECT_NEAR(observed.event_time.item<double>(), 0.25 + t, 1e-13);
  EXPECT_NEAR(observed.solution.states[0][0].item<double>(), 0, 1e-13);
  EXPECT_NEAR(observed.solution.outcome->reached, 0.25 + t, 1e-13);

  const auto of_time = torch::autograd::grad({observed.event_time}, {z0, t0, fall.gravity}, {}, /*retain_graph=*/true);
  // h + v t - g t^2 / 2 = 0 differentiated.
  EXPECT_NEAR(of_time[0][0].item<double>(), 1 / (g * t - speed), 1e-12);
  EXPECT_NEAR(of_time[0][1].item<double>(), t / (g * t - speed), 1e-12);
  EXPECT_NEAR(of_time[1].item<double>(), 1, 1e-12);
  EXPECT_NEAR(of_time[2].item<double>(), -t * t / 2 / (g * t - speed), 1e-12);
  // The speed at the ground: sqrt(v^2 + 2 g h), downwards; the height there does not depend on anything.
  const auto of_speed = torch::autograd::grad({observed.solution.states[0][1]}, {z0, t0, fall.gravity}, {}, /*retain_graph=*/true);
  const double end = std::sqrt(speed * speed + 2 * g * height);
  EXPECT_NEAR(of_speed[0][0].item<double>(), -g / end, 1e-12);
  EXPECT_NEAR(of_speed[0][1].item<double>(), -speed / end, 1e-12);
  EXPECT_NEAR(of_speed[1].item<double>(), 0, 1e-12);
  EXPECT_NEAR(of_speed[2].item<double>(), -height / end, 1e-12);
  const auto of_height = torch::autograd::grad({observed.solution.states[0][0]}, {z0, t0, fall.gravity});
  for (const auto& gradient : of_height) EXPECT_NEAR(gradient.abs().max().item<double>(), 0, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Methods, FreeFall,
                         ::testing::Values(GradientKind::mali, GradientKind::backprop, GradientKind::adjoint, GradientKind::aca,
                                           GradientKind::anode, GradientKind::pnode),
                         [](const auto& info) { return "gradient" + std::to_string(static_cast<int>(info.param)); });

/// An event on the MLP's solution that happens inside the third step of 0.15, with a parameter of its own.
struct Crossing {
  Mlp mlp;
  at::Tensor level = at::scalar_tensor(0.35, at::kDouble).requires_grad_();
  Observer observer() const {
    return event(
        [level = level](const at::Tensor& t, const TensorList& z) { return z[0].select(0, 0).sum().tanh() * 0.1 + t * t - level; });
  }
  Ode ode(std::vector<double> t_eval = {}) const { return {mlp.dynamics(), {wave({3, 4})}, 0.2, 3, std::move(t_eval)}; }
};

struct Method {
  SolverKind solver;
  GradientKind gradient;
};

class EventGradient : public ::testing::TestWithParam<Method> {
 protected:
  static void expect_backprops(const Crossing& crossing, const Ode& ode, const SolveOptions& steps, bool dense) {
    const auto [solver, gradient] = GetParam();
    const auto found = differentiate(ode, with(solver, steps, gradient, dense, 2), crossing.observer(), {crossing.level});
    const auto expected = differentiate(ode, with(solver, steps, GradientKind::backprop, dense), crossing.observer(), {crossing.level});
    EXPECT_EQ(found.statistics.steps_accepted, expected.statistics.steps_accepted);
    if (!traits_of(solver).implicit) {  // backprop linearises their stages besides
      EXPECT_EQ(found.statistics.nfe_forward, expected.statistics.nfe_forward);
    }
    EXPECT_LE(gap(found, expected), tolerance);
  }
};

TEST_P(EventGradient, EqualsBackpropsOnFixedSteps) {
  const Crossing crossing;
  expect_backprops(crossing, crossing.ode(), fixed_steps(0.15), false);
}

TEST_P(EventGradient, EqualsBackpropsWithTimesAskedFor) {
  const Crossing crossing;
  for (const bool dense : {false, true})
    expect_backprops(crossing, crossing.ode({0.2, 0.31, 0.52, 0.53, 0.9, 3}), fixed_steps(0.15), dense);
}

TEST_P(EventGradient, EqualsBackpropsOnAdaptiveSteps) {
  if (traits_of(GetParam().solver).error_order == 0) return;
  const Crossing crossing;
  for (const bool dense : {false, true}) expect_backprops(crossing, crossing.ode({0.31, 0.5, 0.9}), adaptive_steps(1e-4, 1e-6), dense);
}

std::vector<Method> methods() {
  std::vector<Method> all;
  for (const auto solver : {SolverKind::euler, SolverKind::heun_euler, SolverKind::bosh3, SolverKind::rk4, SolverKind::dopri5,
                            SolverKind::tsit5, SolverKind::dopri8, SolverKind::alf})
    for (const auto gradient : {GradientKind::aca, GradientKind::anode, GradientKind::pnode}) all.push_back({solver, gradient});
  all.push_back({SolverKind::alf, GradientKind::mali});
  for (const auto solver : {SolverKind::backward_euler, SolverKind::crank_nicolson, SolverKind::trbdf2, SolverKind::kencarp3})
    for (const auto gradient : {GradientKind::aca, GradientKind::pnode}) all.push_back({solver, gradient});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Methods, EventGradient, ::testing::ValuesIn(methods()), [](const auto& info) {
  std::string name = traits_of(info.param.solver).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name + "_" + std::to_string(static_cast<int>(info.param.gradient));
});

TEST(Event, GradientsAreThoseOfFiniteDifferencesOfTheWholeProgram) {
  for (const bool dense : {false, true})
    for (const auto solver : {SolverKind::rk4, SolverKind::dopri5, SolverKind::alf}) {
      const Crossing crossing;
      const auto options = with(solver, fixed_steps(0.15), GradientKind::backprop, dense);
      const auto loss = [&](const at::Tensor& z0, double t0, double level) {
        Crossing moved;
        moved.level.detach().fill_(level);
        Ode ode = moved.ode({0.31, 0.55, 0.9});
        ode.z0 = {z0};
        ode.t0 = t0;
        auto plain = options;
        plain.gradient = GradientKind::none;
        const auto observed = observe(ode, plain, moved.observer());
        TensorList reached;
        for (const auto& state : observed.solution.states) reached.push_back(state.nan_to_num(0));
        return (loss_of(reached) + 1.7 * observed.event_time).item<double>();
      };
      const auto found = differentiate(crossing.ode({0.31, 0.55, 0.9}), options, crossing.observer(), {crossing.level});
      const auto z0 = wave({3, 4});
      // Central differences: h^2 / 6 times a third derivative near 1, and 1e-15 / h of rounding.
      const double h = 1e-5, allowed = 1e-8;
      auto direction = wave({3, 4}, 2);
      const double along = (loss(z0 + h * direction, 0.2, 0.35) - loss(z0 - h * direction, 0.2, 0.35)) / (2 * h);
      EXPECT_NEAR((found.gradients[0] * direction).sum().item<double>(), along, allowed);
      EXPECT_NEAR(found.gradients[1].item<double>(), (loss(z0, 0.2 + h, 0.35) - loss(z0, 0.2 - h, 0.35)) / (2 * h), allowed);
      EXPECT_NEAR(found.gradients.back().item<double>(), (loss(z0, 0.2, 0.35 + h) - loss(z0, 0.2, 0.35 - h)) / (2 * h), allowed);
    }
}

TEST(Event, AdjointsGradientsConvergeToBackprops) {
  const Crossing crossing;
  const auto options = [](GradientKind gradient) { return with(SolverKind::dopri5, adaptive_steps(1e-10, 1e-11), gradient); };
  for (const auto& t_eval : {std::vector<double>{}, std::vector<double>{0.31, 0.5, 0.9}}) {
    const auto found = differentiate(crossing.ode(t_eval), options(GradientKind::adjoint), crossing.observer(), {crossing.level});
    const auto expected = differentiate(crossing.ode(t_eval), options(GradientKind::backprop), crossing.observer(), {crossing.level});
    EXPECT_LE(gap(found, expected), 1e-7);  // 1e-10 a step
  }
}

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

/// z(t) = sin(t) of z'' = -z, by steps of a tenth.
ObservedSolution sine(const Observer& observer, double t0, double t1, std::vector<double> t_eval = {},
                      GradientKind gradient = GradientKind::none) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[1], -z[0]}; });
  return observe({f, {time_of(std::sin(t0)), time_of(std::cos(t0))}, t0, t1, std::move(t_eval)},
                 with(SolverKind::dopri8, fixed_steps(0.1), gradient), observer);
}
const auto height = [](const at::Tensor&, const TensorList& z) { return z[0]; };
constexpr double pi = 3.14159265358979323846;

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

TEST(Event, OfGAloneHasItsParametersGradient) {
  // Nothing in the solve requires a gradient: sin(t*) = level, dt*/dlevel = 1 / cos(t*).
  for (const auto gradient : {GradientKind::aca, GradientKind::adjoint, GradientKind::backprop}) {
    const auto level = at::scalar_tensor(0.9, at::kDouble).requires_grad_();
    const auto observed = sine(event([level](const at::Tensor&, const TensorList& z) { return z[0] - level; }), 0.5, 20, {}, gradient);
    const auto found = torch::autograd::grad({observed.event_time}, {level})[0].item<double>();
    EXPECT_NEAR(found, 1 / std::cos(std::asin(0.9)), 1e-8);  // the solution itself is 1e-10 off
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

TEST(Event, ThatTouchesZeroWithoutASlopeHasNoDerivative) {
  // dz/dt = 0 and g = z^3 sign of t - 1/2: g changes sign by a jump, and its slope is 0.
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::zeros_like(z[0])}; });
  const auto g = [](const at::Tensor& t, const TensorList& z) { return at::sign(t.detach() - 0.5) * z[0]; };
  const auto z0 = time_of(1, true);
  const auto observed = solve({f, {z0}, time_of(0), time_of(1), {}, with(SolverKind::rk4, fixed_steps(0.3), GradientKind::aca)}, event(g));
  EXPECT_NEAR(observed.event_time.item<double>(), 0.5, 1e-12);
  EXPECT_THAT(error_text(Status::non_finite, [&] { torch::autograd::grad({observed.event_time}, {z0}); }),
              HasSubstr("does not change along"));
}

TEST(Event, HasNoSecondDerivativeAndSaysSo) {
  const Crossing crossing;
  const auto z0 = wave({3, 4}).requires_grad_();
  const Problem problem{
      crossing.mlp.dynamics(), {z0}, time_of(0.2), time_of(3), {}, with(SolverKind::rk4, fixed_steps(0.15), GradientKind::backprop)};
  const auto first = torch::autograd::grad({solve(problem, crossing.observer()).event_time}, {z0}, {}, true, /*create_graph=*/true)[0];
  EXPECT_THROW(torch::autograd::grad({first.sum()}, {z0}), std::exception);
}

TEST(Event, ARetainedGraphIsDifferentiatedTwiceAlike) {
  const Crossing crossing;
  for (const auto gradient : {GradientKind::mali, GradientKind::aca, GradientKind::adjoint, GradientKind::backprop}) {
    const auto z0 = wave({3, 4}).requires_grad_();
    const Problem problem{crossing.mlp.dynamics(), {z0}, time_of(0.2), time_of(3), {}, with(SolverKind::alf, fixed_steps(0.15), gradient)};
    const auto time = solve(problem, crossing.observer()).event_time;
    const auto once = torch::autograd::grad({time}, {z0}, {}, /*retain_graph=*/true)[0];
    EXPECT_TRUE(identical(once, torch::autograd::grad({time}, {z0})[0]));
  }
}

TEST(Event, ReplaysDropoutMasksInItsDerivatives) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.3, true).sin() + 0.3}; });
  const auto g = event([](const at::Tensor& t, const TensorList& z) { return z[0].sum() * 0.01 + t - 0.5; });
  const auto seeded = [&](SolverKind solver, GradientKind gradient) {
    torch::manual_seed(4);
    return differentiate(Ode{f, {wave({20})}, 0, 3}, with(solver, fixed_steps(0.15), gradient, false, 2), g);
  };
  for (const auto solver : {SolverKind::bosh3, SolverKind::heun})
    EXPECT_LE(gap(seeded(solver, GradientKind::pnode), seeded(solver, GradientKind::aca)), tolerance);
  EXPECT_LE(gap(seeded(SolverKind::alf, GradientKind::mali), seeded(SolverKind::alf, GradientKind::aca)), tolerance);
}

TEST(Event, OfExactReversalIsThatOfFloats) {
  const Crossing crossing;
  auto options = with(SolverKind::alf, fixed_steps(0.15), GradientKind::mali, true);
  options.reversal = ReversalKind::exact;
  const auto ode = crossing.ode({0.31, 0.52, 0.9});
  const auto expected =
      differentiate(ode, with(SolverKind::alf, fixed_steps(0.15), GradientKind::backprop, true), crossing.observer(), {crossing.level});
  // The lattice has 48 bits of the data's scale.
  EXPECT_LE(gap(differentiate(ode, options, crossing.observer(), {crossing.level}), expected), 1e-11);
}

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
