// Derivatives of solves that end on an event, against backprop, analytic ones and finite differences.
#include "support/observed.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64; some hundred evaluations of slope near 1

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

TEST(Event, OfGAloneHasItsParametersGradient) {
  // Nothing in the solve requires a gradient: sin(t*) = level, dt*/dlevel = 1 / cos(t*).
  for (const auto gradient : {GradientKind::aca, GradientKind::adjoint, GradientKind::backprop}) {
    const auto level = at::scalar_tensor(0.9, at::kDouble).requires_grad_();
    const auto observed = sine(event([level](const at::Tensor&, const TensorList& z) { return z[0] - level; }), 0.5, 20, {}, gradient);
    const auto found = torch::autograd::grad({observed.event_time}, {level})[0].item<double>();
    EXPECT_NEAR(found, 1 / std::cos(std::asin(0.9)), 1e-8);  // the solution itself is 1e-10 off
  }
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

}  // namespace
}  // namespace neuralode::testing
