// An f that fails leaves everything as a solve that did not happen would.
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>

#include "support/expect.h"
#include "support/ode.h"
#include "tensors/autocast.h"
#include "tensors/compat.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Draws random numbers, changes a buffer, and throws at evaluation `fatal`.
struct Failing {
  at::Tensor buffer = at::zeros({2}, at::kDouble);
  int evaluations = 0, fatal = -1;
  std::shared_ptr<Dynamics> f() {
    return dynamics(
        [this](const at::Tensor&, const TensorList& z) {
          {
            const at::NoGradGuard not_recording;
            buffer.add_(1);
          }
          const auto u = at::dropout(z[0], 0.3, true);
          if (evaluations++ == fatal) throw std::out_of_range("f gave up");
          return TensorList{u};
        },
        {}, {buffer});
  }
};

TEST(FailingF, InTheForwardSweepItsOwnExceptionComesOut) {
  for (const int fatal : {0, 1, 5}) {
    Failing failing;
    failing.fatal = fatal;
    EXPECT_THROW(solve_plainly({failing.f(), {wave({4})}}, fixed_steps(0.1)), std::out_of_range);
    EXPECT_EQ(failing.evaluations, fatal + 1);
  }
}

TEST(FailingF, InTheForwardSweepTheGeneratorGoesOnFromWhereNoEvaluationWas) {
  Failing failing;
  failing.fatal = 5;
  torch::manual_seed(9);
  EXPECT_THROW(solve_plainly({failing.f(), {wave({4})}}, fixed_steps(0.1)), std::out_of_range);
  const auto after = at::rand({4});
  torch::manual_seed(9);
  Failing whole;
  solve_plainly({whole.f(), {wave({4})}}, fixed_steps(0.1));
  EXPECT_TRUE(identical(after, at::rand({4})));  // as after a solve that succeeded
}

TEST(FailingF, InTheForwardSweepAutocastIsAsBefore) {
  Failing failing;
  failing.fatal = 2;
  const AutocastScope autocast({at::kCPU, true, at::kBFloat16});
  EXPECT_THROW(solve_plainly({failing.f(), {wave({4})}}, fixed_steps(0.1)), std::out_of_range);
  EXPECT_TRUE(compat::autocast_enabled(at::kCPU));
}

TEST(FailingF, InTheReverseSweepBuffersAndGeneratorAreAsBefore) {
  Failing failing;
  const auto z0 = wave({4}).requires_grad_();
  torch::manual_seed(9);
  const auto solution = solve_plainly({failing.f(), {z0}}, fixed_steps(0.1));
  const auto buffer = failing.buffer.clone();
  const auto generator = at::globalContext().defaultGenerator(at::kCPU).get_state();
  failing.fatal = 15;
  EXPECT_THROW(loss_of(solution.states).backward(), std::out_of_range);
  EXPECT_TRUE(identical(failing.buffer, buffer));
  EXPECT_TRUE(identical(at::globalContext().defaultGenerator(at::kCPU).get_state(), generator));
  EXPECT_FALSE(z0.grad().defined());
  EXPECT_TRUE(at::GradMode::is_enabled());
}

TEST(FailingF, InTheReverseSweepTheModuleIsInTheModeItWasIn) {
  torch::nn::BatchNorm1d bn(4);
  bn->to(at::kDouble);
  bool fail = false;
  const auto f = std::make_shared<ModuleDynamics>(bn.ptr(), [bn, &fail](const at::Tensor&, const TensorList& z) mutable {
    if (fail) throw std::out_of_range("f gave up");
    return TensorList{bn(z[0])};
  });
  const auto solution = solve_plainly({f, {wave({3, 4}).requires_grad_()}}, fixed_steps(0.5));
  bn->eval();
  fail = true;
  EXPECT_THROW(loss_of(solution.states).backward(), std::out_of_range);
  EXPECT_FALSE(bn->is_training());
}

TEST(NonFinite, IsNamedWithStepTimeStateAndARemedy) {
  const auto after = [](double when, double value) {
    return dynamics([when, value](const at::Tensor& t, const TensorList& z) {
      return TensorList{t.item<double>() >= when ? at::full_like(z[0], value) : z[0]};
    });
  };
  for (const double value : {double(INFINITY), -double(INFINITY), double(NAN)})
    for (const auto kind : {GradientKind::mali, GradientKind::none, GradientKind::backprop}) {
      const auto text = [&](double when) {
        return error_text(Status::non_finite, [&] { solve_plainly({after(when, value), {wave({4})}}, fixed_steps(0.1, 1, kind)); });
      };
      EXPECT_THAT(text(0.5), AllOf(HasSubstr("state 0 at step 6, t = 0.55"), HasSubstr("check f")));
      EXPECT_THAT(text(0), HasSubstr("infinite or NaN"));
    }
}

TEST(NonFinite, AnInputThatIsNotFiniteIsNamed) {
  auto z0 = wave({4});
  z0[2] = NAN;
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0]}; });
  EXPECT_THAT(error_text(Status::non_finite, [&] { solve_plainly({f, {z0}}, fixed_steps(0.1)); }), HasSubstr("z0"));
}

TEST(NonFinite, WithAdaptiveStepsTheyShrinkTowardsTheTimeAndItIsNamed) {
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{t.item<double>() >= 0.5 ? z[0] / 0 : z[0]}; });
  for (const auto kind : {GradientKind::mali, GradientKind::backprop})
    EXPECT_THAT(error_text(Status::non_finite,
                           [&] {
                             solve_plainly({f, {wave({4})}}, adaptive_steps(1e-3, 1e-6, kind));
                           }),
                HasSubstr("t = 0.5"));
}

TEST(NonFinite, AtTheStartItIsNamedByEverySolver) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0] / 0}; });
  for (const auto solver :
       {SolverKind::alf, SolverKind::bosh3, SolverKind::dopri8, SolverKind::reversible_heun, SolverKind::trbdf2, SolverKind::kencarp3})
    for (const auto kind : {GradientKind::none, GradientKind::backprop}) {
      auto options = adaptive_steps(1e-3, 1e-6, kind);
      options.solver = solver;
      EXPECT_THAT(error_text(Status::non_finite, [&] { solve_plainly({f, {wave({4})}}, options); }), HasSubstr("f(t0, z0)"));
    }
}

TEST(NonFinite, InsideImplicitStepsItIsNoSolutionOfTheirEquations) {
  const auto f = dynamics(
      [](const at::Tensor& t, const TensorList& z) { return TensorList{t.item<double>() > 0.5 ? at::full_like(z[0], NAN) : -z[0]}; });
  for (const std::int64_t size : {3, 100})  // Jacobian and GMRES
    for (const auto solver : {SolverKind::backward_euler, SolverKind::crank_nicolson, SolverKind::trbdf2, SolverKind::kencarp3})
      for (const auto kind : {GradientKind::none, GradientKind::backprop})
        for (auto options : {fixed_steps(0.1, 1, kind), adaptive_steps(1e-3, 1e-6, kind)}) {
          options.solver = solver;
          if (traits_of(solver).error_order == 0 && options.steps.step_size == 0) continue;
          if (kind == GradientKind::backprop && size == 100) continue;  // refused
          EXPECT_THAT(error_text(Status::non_finite, [&] { solve_plainly({f, {wave({size})}}, options); }), HasSubstr("t = 0.5"));
        }
}

TEST(NonFinite, CotangentsPassThroughImplicitSteps) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{-z[0]}; });
  for (const std::int64_t size : {3, 100}) {
    auto options = fixed_steps(0.1, 1, GradientKind::pnode);
    options.solver = SolverKind::backward_euler;
    const auto z0 = wave({size}).requires_grad_();
    const auto solution = solve_plainly({f, {z0}}, options);
    solution.states[0].backward(at::full_like(z0, INFINITY));
    EXPECT_FALSE(z0.grad().isfinite().any().item<bool>());  // for a scaler of losses to see
  }
}

TEST(NonFinite, ABlowUpInFiniteTimeEndsWithAStatus) {
  // z' = z^2, z(0) = 1 is infinite at t = 1.
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].square()}; });
  try {
    solve_plainly({f, {at::ones({1}, at::kDouble)}, 0, 2}, adaptive_steps(1e-6, 1e-6));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_TRUE(error.status() == Status::step_size_underflow || error.status() == Status::non_finite) << error.what();
  }
}

}  // namespace
}  // namespace neuralode::testing
