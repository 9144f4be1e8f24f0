// Functions that ignore, return or keep their inputs.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

void expect_agreement(const DynamicsFunction& f, const TensorList& parameters = {}) {
  for (const double eta : {1.0, 0.9}) {
    const Ode ode{dynamics(f, parameters), {wave({3, 4})}, 0.2, 1.3, {0.2, 0.5, 1.3}};
    const auto mali = differentiate(ode, fixed_steps(0.2, eta)),
               backprop = differentiate(ode, fixed_steps(0.2, eta, GradientKind::backprop));
    EXPECT_LE(gap(mali, backprop), 1e-9) << eta;
  }
}

TEST(FunctionF, WithoutParameters) {
  expect_agreement([](const at::Tensor& t, const TensorList& z) { return TensorList{(z[0] * t).sin()}; });
}

TEST(FunctionF, IndependentOfZ) {
  expect_agreement([](const at::Tensor& t, const TensorList& z) { return TensorList{t.exp().expand_as(z[0])}; });
}

TEST(FunctionF, IndependentOfT) {
  expect_agreement([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].sin()}; });
}

TEST(FunctionF, IndependentOfEverything) {
  expect_agreement([](const at::Tensor&, const TensorList& z) { return TensorList{at::ones_like(z[0])}; });
}

TEST(FunctionF, ThatReturnsItsVeryInput) {
  expect_agreement([](const at::Tensor&, const TensorList& z) { return TensorList{z[0]}; });
}

TEST(FunctionF, ThatReturnsAViewOfItsInput) {
  expect_agreement([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].view({3, 4})}; });
  expect_agreement([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].flip(0).flip(0)}; });
}

TEST(FunctionF, ThatReturnsOneOfItsInputsAsTheOtherOne) {
  const auto swap = [](const at::Tensor&, const TensorList& z) { return TensorList{z[1], -z[0]}; };
  const Ode ode{dynamics(swap), {wave({5}), wave({5}, 0.7)}};
  EXPECT_LE(gap(differentiate(ode, fixed_steps(0.1)), differentiate(ode, fixed_steps(0.1, 1, GradientKind::backprop))), 1e-9);
}

TEST(FunctionF, ThatReturnsOneTensorForBothStates) {
  const auto same = [](const at::Tensor&, const TensorList& z) {
    const auto u = z[0] * z[1];
    return TensorList{u, u};
  };
  const Ode ode{dynamics(same), {wave({5}, 0, 0.3), wave({5}, 0.7, 0.3)}};
  EXPECT_LE(gap(differentiate(ode, fixed_steps(0.1)), differentiate(ode, fixed_steps(0.1, 1, GradientKind::backprop))), 1e-9);
}

TEST(FunctionF, ThatReturnsAnExpandedTensor) {
  const auto a = wave({1, 4}).requires_grad_();
  expect_agreement([a](const at::Tensor&, const TensorList& z) { return TensorList{a.expand({3, 4}) + 0 * z[0]}; }, {a});
  expect_agreement([a](const at::Tensor&, const TensorList&) { return TensorList{a.expand({3, 4})}; }, {a});
}

TEST(FunctionF, ThatReturnsATransposedTensor) {
  expect_agreement([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].t().contiguous().sin().t()}; });
}

TEST(FunctionF, ThatReturnsATensorThatItKeepsAndFillsAgain) {
  auto kept = at::zeros({4}, at::kDouble);
  const auto f = dynamics([&](const at::Tensor&, const TensorList& z) {
    kept.copy_(-z[0]);
    return TensorList{kept};
  });
  const auto plain = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{-z[0]}; });
  const auto a = solve_plainly({f, {wave({4})}}, fixed_steps(0.1, 1, GradientKind::none));
  const auto b = solve_plainly({plain, {wave({4})}}, fixed_steps(0.1, 1, GradientKind::none));
  EXPECT_TRUE(identical(a.states[0], b.states[0]));
}

TEST(FunctionF, ThatSolvesAnOdeItself) {
  const Mlp inner;
  for (const auto kind : {GradientKind::mali, GradientKind::backprop}) {
    const auto nested = [&, kind](const at::Tensor&, const TensorList& z) {
      return solve_plainly({inner.dynamics(), {z[0]}}, fixed_steps(0.5, 1, kind)).states;
    };
    const Ode ode{dynamics(nested, inner.parameters()), {wave({3, 4}, 0, 0.3)}};
    EXPECT_LE(gap(differentiate(ode, fixed_steps(0.25)), differentiate(ode, fixed_steps(0.25, 1, GradientKind::backprop))), 1e-9);
  }
}

/// (L(x + d) - L(x - d)) / 2d along `direction`, with L the loss of the solve where `place` says.
template <class Loss>
double slope(const Loss& loss, double d) {
  return (loss(d) - loss(-d)) / (2 * d);
}

TEST(FiniteDifferences, AgreeWithEveryGradient) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0.1, 1.0, {0.4, 0.7}};
  const auto result = differentiate(ode, fixed_steps(0.17, 0.9));
  // Central differences: an error of d^2 times a third derivative near 1, and rounding of 1e-16 / d: both 1e-10 here.
  const double d = 1e-5, tolerance = 1e-8;
  const auto loss = [&](const Ode& moved) {
    return loss_of(solve_plainly(moved, fixed_steps(0.17, 0.9, GradientKind::none)).states).item<double>();
  };
  const auto direction = wave({3, 4}, 2);
  const double by_z0 = slope(
      [&](double step) {
        auto moved = ode;
        moved.z0 = {ode.z0[0] + step * direction};
        return loss(moved);
      },
      d);
  EXPECT_NEAR((result.a_z0[0] * direction).sum().item<double>(), by_z0, tolerance);
  const double by_t1 = slope(
      [&](double step) {
        auto moved = ode;
        moved.t1 += step;
        return loss(moved);
      },
      d);
  EXPECT_NEAR(result.a_t1.item<double>(), by_t1, tolerance);
  for (std::size_t i = 0; i < 2; ++i) {
    const double by_time = slope(
        [&](double step) {
          auto moved = ode;
          moved.t_eval[i] += step;
          return loss(moved);
        },
        d);
    EXPECT_NEAR(result.a_t_eval[static_cast<std::int64_t>(i)].item<double>(), by_time, tolerance) << i;
  }
  const double by_t0 = slope(
      [&](double step) {
        auto moved = ode;
        moved.t0 += step;
        return loss(moved);
      },
      d);
  EXPECT_NEAR(result.a_t0.item<double>(), by_t0, tolerance);
  for (std::size_t i = 0; i < 4; ++i) {
    auto parameter = mlp.parameters()[i].detach();  // shares memory
    const auto along = wave(parameter.sizes(), 3);
    const double by_parameter = slope(
        [&](double step) {
          parameter.add_(along, step);
          const double value = loss(ode);
          parameter.sub_(along, step);
          return value;
        },
        d);
    EXPECT_NEAR((result.a_parameters[i] * along).sum().item<double>(), by_parameter, tolerance) << i;
  }
}

}  // namespace
}  // namespace neuralode::testing
