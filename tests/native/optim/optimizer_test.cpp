#include "optim/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

/// The parameter after two steps from 1 with gradients 0.5 and -0.25.
double after_two_steps(const OptimizerOptions& options) {
  const auto parameter = at::ones({}, at::kDouble).requires_grad_();
  const auto optimizer = make_optimizer(options, {parameter});
  for (const double gradient : {0.5, -0.25}) {
    parameter.mutable_grad() = at::full({}, gradient, at::kDouble);
    optimizer->step();
  }
  return parameter.item<double>();
}

TEST(Optimizer, SgdEqualsTheComputationByHand) {
  OptimizerOptions options;
  options.lr = 0.1;
  options.momentum = 0;
  EXPECT_NEAR(after_two_steps(options), 1 - 0.1 * 0.5 + 0.1 * 0.25, 1e-15);
  options.momentum = 0.9;
  options.weight_decay = 0.01;
  const double g1 = 0.5 + 0.01, p1 = 1 - 0.1 * g1, buffer = 0.9 * g1 - 0.25 + 0.01 * p1;
  EXPECT_NEAR(after_two_steps(options), p1 - 0.1 * buffer, 1e-15);
  options.nesterov = true;
  const double first = 1 - 0.1 * (g1 + 0.9 * g1), g2 = -0.25 + 0.01 * first, second = 0.9 * g1 + g2;
  EXPECT_NEAR(after_two_steps(options), first - 0.1 * (g2 + 0.9 * second), 1e-15);
}

/// Two steps of Adam with bias correction; decay: added to the gradient; decoupled: of AdamW.
double adam_by_hand(double lr, double decay, double decoupled) {
  double p = 1, m = 0, v = 0;
  const double gradients[] = {0.5, -0.25};
  for (int step = 1; step <= 2; ++step) {
    p *= 1 - lr * decoupled;
    const double g = gradients[step - 1] + decay * p;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    p -= lr * (m / (1 - std::pow(0.9, step))) / (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
  }
  return p;
}

TEST(Optimizer, AdamAndAdamWEqualTheComputationByHand) {
  OptimizerOptions options;
  options.lr = 0.01;
  options.weight_decay = 0.1;
  options.kind = OptimizerKind::adam;
  EXPECT_NEAR(after_two_steps(options), adam_by_hand(0.01, 0.1, 0), 1e-12);
  options.kind = OptimizerKind::adamw;
  EXPECT_NEAR(after_two_steps(options), adam_by_hand(0.01, 0, 0.1), 1e-12);
}

TEST(Optimizer, TheLearningRateCanBeSet) {
  const auto parameter = at::ones({}, at::kDouble).requires_grad_();
  OptimizerOptions options;
  options.momentum = 0;
  const auto optimizer = make_optimizer(options, {parameter});
  set_learning_rate(*optimizer, 0.5);
  parameter.mutable_grad() = at::ones({}, at::kDouble);
  optimizer->step();
  EXPECT_EQ(parameter.item<double>(), 0.5);
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { set_learning_rate(*optimizer, -1); }), HasSubstr("lr: -1"));
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { set_learning_rate(*optimizer, NAN); }), HasSubstr("lr: nan"));
}

TEST(Optimizer, SkipsFrozenParametersAndCountsSharedOnesOnce) {
  const auto shared = at::ones({2}).requires_grad_(), frozen = at::ones({2});
  const auto optimizer = make_optimizer({}, {shared, frozen, shared});
  EXPECT_EQ(optimizer->param_groups()[0].params().size(), 1u);
  optimizer->step();  // without a gradient nothing moves
  EXPECT_TRUE(shared.equal(at::ones({2})));
}

TEST(Optimizer, RefusesWhatItCannotOptimise) {
  const auto refused = [](const std::vector<at::Tensor>& parameters) {
    return error_text(Status::invalid_argument, [&] { make_optimizer({}, parameters); });
  };
  EXPECT_THAT(refused({}), HasSubstr("nothing to optimise"));
  EXPECT_THAT(refused({at::ones({2})}), HasSubstr("nothing to optimise"));
  EXPECT_THAT(refused({at::ones({2}).requires_grad_() * 2}), HasSubstr("parameters[0]"));
}

TEST(Optimizer, OptionsOutOfRangeAreRefusedByName) {
  const auto refused = [](void (*change)(OptimizerOptions&)) {
    OptimizerOptions options;
    change(options);
    return error_text(Status::invalid_argument, [&] { make_optimizer(options, {at::ones({1}).requires_grad_()}); });
  };
  EXPECT_THAT(refused([](auto& options) { options.lr = -0.1; }), HasSubstr("lr: -0.1"));
  EXPECT_THAT(refused([](auto& options) { options.lr = INFINITY; }), HasSubstr("lr: inf"));
  EXPECT_THAT(refused([](auto& options) { options.momentum = 1; }), HasSubstr("momentum: 1"));
  EXPECT_THAT(refused([](auto& options) { options.weight_decay = -1; }), HasSubstr("weight_decay: -1"));
  EXPECT_THAT(refused([](auto& options) { options.beta1 = 1; }), HasSubstr("beta1: 1"));
  EXPECT_THAT(refused([](auto& options) { options.beta2 = NAN; }), HasSubstr("beta2: nan"));
  EXPECT_THAT(refused([](auto& options) { options.epsilon = 0; }), HasSubstr("epsilon: 0"));
  EXPECT_THAT(refused([](auto& options) {
                options.momentum = 0;
                options.nesterov = true;
              }),
              HasSubstr("nesterov"));
  EXPECT_THAT(refused([](auto& options) { options.kind = static_cast<OptimizerKind>(5); }), HasSubstr("kind: 5"));
}

}  // namespace
}  // namespace neuralode::testing
