#include "solvers/alf.h"
#include "solvers/first_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/expect.h"
#include "support/ode.h"
#include "tensors/layout.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

/// dz/dt = cos(t) z, z(0) = 1: z(t) = exp(sin t).
std::shared_ptr<Dynamics> oscillating() {
  return dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.cos() * z[0]}; });
}

double end_error(double h, double eta) {
  const auto solution = solve_plainly({oscillating(), {at::ones({1}, at::kDouble)}, 0, 2}, fixed_steps(h, eta, GradientKind::none));
  return std::fabs(solution.states[0].item<double>() - std::exp(std::sin(2.0)));
}

TEST(Alf, IsOfOrderTwoUndamped) {
  // error(h) / error(h / 2) -> 4; h^3 terms leave a few per cent at 1/64.
  EXPECT_NEAR(end_error(1.0 / 64, 1) / end_error(1.0 / 128, 1), 4, 0.2);
}

TEST(Alf, IsOfOrderOneDamped) {
  for (const double eta : {0.9, 0.75, 0.3}) EXPECT_NEAR(end_error(1.0 / 256, eta) / end_error(1.0 / 512, eta), 2, 0.1) << eta;
}

TEST(Alf, EtaOutsideItsRangeIsRefusedWithARemedy) {
  for (const double eta : {0.0, -0.1, 1.0001, double(NAN), double(INFINITY)})
    EXPECT_THAT(error_text(Status::invalid_argument, [&] { check_eta(eta); }), HasSubstr("eta: "));
  EXPECT_THAT(error_text(Status::invalid_argument, [] { check_eta(0.5); }), HasSubstr("choose another value"));
  EXPECT_NO_THROW(check_eta(1));
  EXPECT_NO_THROW(check_eta(1e-3));
}

/// Steps forward `count` times and back; the largest relative gaps of z and v.
std::pair<double, double> round_trip(at::ScalarType dtype, double eta, int count) {
  const Mlp mlp(dtype);
  const auto f = mlp.dynamics();
  const at::NoGradGuard not_recording;
  RandomReplay random(at::kCPU);
  const auto z0 = wave({3, 4}, 0.7, 1, dtype);
  const auto arithmetic = make_float_alf(eta, 0.1 * count);
  AlfStepper stepper(*f, random, *arithmetic, 0, {z0}, SweepNeeds{}, {});
  const auto v0 = f->eval(at::scalar_tensor(0.0, dtype), {z0})[0];
  std::vector<Grid::Step> steps;
  for (int i = 0; i < count; ++i) {
    const double t = 0.1 * i, h = 0.1;
    steps.push_back({t, h, stepper.attempt(t, h, -1), -1});
    stepper.accept();
  }
  AlfInverse reverse(*f, random, *arithmetic, stepper.state(), {}, false);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) reverse.step(*step, false, nullptr, nullptr);
  return {gap(reverse.state().z[0], z0), gap(reverse.state().v[0], v0)};
}

TEST(Alf, TheInverseRestoresTheStateWithinRounding) {
  for (const double eta : {1.0, 0.9, 0.75, 0.3}) {
    // Each step adds about ten roundings of values near 1, and the inverse multiplies what is there by 1 / |1 - 2 eta|;
    // f, of slope below 2, carries an error in k into u: another 1 + 0.2 a step.
    const int count = 8;
    const double bound = 10 * count * std::pow(1.2 / std::fabs(1 - 2 * eta), count);
    const auto wide = round_trip(at::kDouble, eta, count), narrow = round_trip(at::kFloat, eta, count);
    EXPECT_LE(wide.first, bound * std::numeric_limits<double>::epsilon()) << eta;
    EXPECT_LE(wide.second, bound * std::numeric_limits<double>::epsilon()) << eta;
    EXPECT_LE(narrow.first, bound * double(std::numeric_limits<float>::epsilon())) << eta;
    EXPECT_LE(narrow.second, bound * double(std::numeric_limits<float>::epsilon())) << eta;
  }
}

TEST(Alf, TheFirstStepIsAHundredthOfTheTimeInWhichZChanges) {
  const TensorList z{at::full({5}, 2.0, at::kDouble)}, v{at::full({5}, 4.0, at::kDouble)};
  EXPECT_DOUBLE_EQ(first_step_size(z, v, 1e-3, 1e-6, 1), 0.005);
  EXPECT_DOUBLE_EQ(first_step_size(z, v, 1e-3, 1e-6, 0.001), 0.001);  // never beyond the span
  EXPECT_DOUBLE_EQ(first_step_size(z, zeros_like(v), 1e-3, 1e-6, 1), 1e-6);
}

/// dz/dt = -5 (z - cos t), z(0) = 0, at t = 1: a fast part, exp(-5 t), and a slow one.
double relaxing_error(double tolerance, Statistics& statistics) {
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{-5 * (z[0] - t.cos())}; });
  const auto solution = solve_plainly({f, {at::zeros({1}, at::kDouble)}, 0, 1}, adaptive_steps(tolerance, tolerance, GradientKind::none));
  statistics = *solution.statistics;
  const double exact = (25 * std::cos(1.0) + 5 * std::sin(1.0) - 25 * std::exp(-5.0)) / 26;
  return std::fabs(solution.states[0].item<double>() - exact);
}

TEST(AdaptiveAlf, TheGlobalErrorShrinksWithTheTolerance) {
  Statistics statistics;
  for (const double tolerance : {1e-3, 1e-4, 1e-5, 1e-6, 1e-7}) {
    // The estimate is of order 2 and so is the global error: it stays the same part of the tolerance.
    const double error = relaxing_error(tolerance, statistics);
    EXPECT_LT(error, tolerance / 2) << tolerance;
    EXPECT_GT(error, tolerance / 10) << tolerance;
  }
}

TEST(AdaptiveAlf, EveryTrialCostsOneEvaluationAndNoneIsRepeated) {
  int evaluations = 0;
  // A bump that steps grown on the flat parts run into.
  const auto f = dynamics([&](const at::Tensor& t, const TensorList& z) {
    ++evaluations;
    return TensorList{-z[0] + 50 * (-((t - 0.5) / 0.02).square()).exp()};
  });
  for (const auto gradient : {GradientKind::none, GradientKind::mali, GradientKind::backprop}) {
    evaluations = 0;
    const auto solution = solve_plainly({f, {at::ones({2}, at::kDouble)}, 0, 1}, adaptive_steps(1e-4, 1e-6, gradient));
    const auto& statistics = *solution.statistics;
    EXPECT_GT(statistics.steps_rejected, 0);
    EXPECT_EQ(statistics.nfe_forward, 1 + statistics.steps_accepted + statistics.steps_rejected);
    EXPECT_EQ(evaluations, statistics.nfe_forward);
  }
}

TEST(AdaptiveAlf, StepsTheSameInBothMethods) {
  const auto f = Mlp().dynamics();
  const Ode ode{f, {wave({3, 4})}, 0, 1, {0.25, 0.6}};
  const auto mali = solve_plainly(ode, adaptive_steps(1e-4, 1e-6)),
             backprop = solve_plainly(ode, adaptive_steps(1e-4, 1e-6, GradientKind::backprop));
  ASSERT_EQ(mali.grid->steps.size(), backprop.grid->steps.size());
  for (std::size_t i = 0; i < mali.grid->steps.size(); ++i) EXPECT_NEAR(mali.grid->steps[i].h, backprop.grid->steps[i].h, 1e-9);
}

TEST(AlfStepperMemory, AFunctionThatKeepsItsInputsFindsThemUnchanged) {
  TensorList kept, copies;
  const auto f = dynamics([&](const at::Tensor& t, const TensorList& z) {
    kept.insert(kept.end(), {z[0], t});
    copies.insert(copies.end(), {z[0].detach().clone(), t.detach().clone()});
    return TensorList{z[0].sin()};
  });
  const auto z0 = wave({4}).requires_grad_();
  for (const auto& options : {fixed_steps(0.1), adaptive_steps(1e-4, 1e-6)}) loss_of(solve_plainly({f, {z0}}, options).states).backward();
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(identical(kept[i], copies[i])) << i;
}

}  // namespace
}  // namespace neuralode::testing
