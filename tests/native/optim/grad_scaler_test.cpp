#include "optim/grad_scaler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "optim/optimizer.h"
#include "support/expect.h"
#include "support/gpu.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<torch::optim::Optimizer> sgd(const std::vector<at::Tensor>& parameters) {
  OptimizerOptions options;
  options.lr = 0.5;
  options.momentum = 0;
  return make_optimizer(options, parameters);
}

at::Tensor parameter(at::Device device = at::kCPU) { return at::ones({2}, at::device(device)).requires_grad_(); }

void give(const at::Tensor& to, double first, double second) {
  to.mutable_grad() = at::tensor({first, second}, at::kDouble).to(to.options());
}

/// torch.cuda.amp.GradScaler as its documentation and ATen's _amp_update_scale_ have it, on one number.
struct Literal {
  float scale = 65536;
  std::int64_t tracker = 0;
  double growth = 2, backoff = 0.5;
  std::int64_t interval = 2000;

  /// Returns the unscaled gradient; `stepped`: whether the step is taken.
  float iteration(float gradient, bool& stepped) {
    const float unscaled = gradient * static_cast<float>(1.0 / static_cast<double>(scale));
    stepped = std::isfinite(gradient);
    if (!stepped) {
      scale = static_cast<float>(static_cast<double>(scale) * backoff);
      tracker = 0;
    } else if (tracker + 1 == interval) {
      const auto grown = static_cast<float>(static_cast<double>(scale) * growth);
      if (std::isfinite(grown)) scale = grown;
      tracker = 0;
    } else {
      ++tracker;
    }
    return unscaled;
  }
};

TEST(GradScaler, HasTheDefaultsOfTorch) {
  const GradScalerOptions options;
  EXPECT_EQ(options.initial_scale, 65536);
  EXPECT_EQ(options.growth_factor, 2);
  EXPECT_EQ(options.backoff_factor, 0.5);
  EXPECT_EQ(options.growth_interval, 2000);
}

TEST(GradScaler, EqualsTheComputationByHandBitForBit) {
  Literal expected;
  expected.growth = 1.7;  // no power of two: every rounding shows
  expected.backoff = 0.3;
  expected.interval = 3;
  GradScaler scaler({65536, 1.7, 0.3, 3});
  const auto w = parameter();
  const auto optimizer = sgd({w});
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-1e4, 1e4);
  for (int i = 0; i < 200; ++i) {
    const float gradient = i % 11 == 5 ? INFINITY : i % 17 == 3 ? NAN : uniform(random);
    give(w, 0, static_cast<double>(gradient));
    const auto before = w.detach().clone();
    bool stepped = false;
    const float unscaled = expected.iteration(gradient, stepped);
    ASSERT_EQ(scaler.step(*optimizer), stepped) << i;
    scaler.update();
    ASSERT_EQ(scaler.scale_factor(), static_cast<double>(expected.scale)) << i;
    ASSERT_EQ(scaler.growth_tracker(), expected.tracker) << i;
    if (stepped) {
      ASSERT_EQ(w.grad()[1].item<float>(), unscaled) << i;
      ASSERT_TRUE(identical(w.detach(), before - 0.5 * w.grad())) << i;
    } else {
      ASSERT_TRUE(identical(w.detach(), before)) << i;
    }
  }
}

TEST(GradScaler, GivesTheGradientsOfTheLossItself) {
  const auto w = parameter();
  const auto optimizer = sgd({w});
  GradScaler scaler({});
  scaler.scale((w * w).sum()).backward();
  EXPECT_EQ(w.grad()[0].item<float>(), 2 * 65536);
  scaler.unscale(*optimizer);
  EXPECT_EQ(w.grad()[0].item<float>(), 2);  // powers of two: no rounding
}

TEST(GradScaler, BringsBackGradientsThatFloat16Loses) {
  const auto w = parameter();
  const auto loss = [&] { return (w.to(at::kHalf) * 1e-4).sum().to(at::kFloat) * 1e-6; };  // its cotangent, 1e-6 * 1e-4, is below 2^-24
  loss().backward();
  EXPECT_EQ(w.grad()[0].item<float>(), 0);
  w.mutable_grad().reset();
  GradScaler scaler({});
  scaler.scale(loss()).backward();
  const auto optimizer = sgd({w});
  scaler.unscale(*optimizer);
  EXPECT_NEAR(w.grad()[0].item<float>(), 1e-10, 1e-10 * 0x1p-5);  // rounded to float16's subnormals: 6.5e-6 in steps of 2^-24 = 6e-8
}

TEST(GradScaler, OneGradientThatIsNotFiniteSkipsTheStepOfAllOfItsOptimiserButNotOfAnother) {
  const auto a = parameter(), b = parameter(), c = parameter();
  const auto first = sgd({a, b}), second = sgd({c});
  GradScaler scaler({});
  give(a, 1, 1);
  give(b, 1, -INFINITY);
  give(c, 65536, 65536);
  EXPECT_FALSE(scaler.step(*first));
  EXPECT_TRUE(scaler.step(*second));
  scaler.update();
  EXPECT_TRUE(identical(a.detach(), at::ones({2})));
  EXPECT_TRUE(identical(c.detach(), at::full({2}, 0.5F)));
  EXPECT_EQ(scaler.scale_factor(), 32768);
}

TEST(GradScaler, GradientsOfSeveralTypesAndOfNoElementAreLookedAt) {
  const auto a = at::ones({2}, at::kDouble).requires_grad_(), b = at::ones({2}, at::kBFloat16).requires_grad_(),
             none = at::ones({0}).requires_grad_();
  const auto optimizer = sgd({a, b, none});
  GradScaler scaler({1});
  give(a, 1e300, 1);  // finite in its own type
  give(b, 1, 1);
  none.mutable_grad() = at::ones({0});
  EXPECT_TRUE(scaler.step(*optimizer));
  scaler.update();
  give(b, NAN, 1);
  EXPECT_FALSE(scaler.step(*optimizer));
}

TEST(GradScaler, TheScaleStaysFinite) {
  GradScaler scaler({0x1p127, 2, 0.5, 1});
  const auto w = parameter();
  const auto optimizer = sgd({w});
  give(w, 1, 1);
  scaler.step(*optimizer);
  scaler.update();
  EXPECT_EQ(scaler.scale_factor(), 0x1p127);
}

TEST(GradScaler, RefusesWhatWouldUnscaleTwiceOrNothing) {
  const auto w = parameter();
  const auto optimizer = sgd({w});
  GradScaler scaler({});
  const auto refusal = [](auto&& body) { return error_text(Status::invalid_argument, body); };
  EXPECT_THAT(refusal([&] { scaler.update(); }), HasSubstr("nothing was unscaled"));
  give(w, 65536, 65536);
  scaler.unscale(*optimizer);
  EXPECT_THAT(refusal([&] { scaler.unscale(*optimizer); }), HasSubstr("unscaled already"));
  scaler.step(*optimizer);
  EXPECT_THAT(refusal([&] { scaler.unscale(*optimizer); }), HasSubstr("stepped already"));
  EXPECT_THAT(refusal([&] { scaler.step(*optimizer); }), HasSubstr("call update"));
  EXPECT_EQ(w.grad()[0].item<float>(), 1);
  const auto half = at::ones({2}, at::kHalf).requires_grad_();
  const auto of_half = sgd({half});
  give(half, 1, 1);
  EXPECT_THAT(refusal([&] { scaler.step(*of_half); }), HasSubstr("float32"));
}

TEST(GradScaler, RefusesOptionsOutOfRange) {
  const auto refusal = [](const GradScalerOptions& options) { return error_text(Status::invalid_argument, [&] { GradScaler{options}; }); };
  EXPECT_THAT(refusal({0}), HasSubstr("initial_scale: 0"));
  EXPECT_THAT(refusal({1e39}), HasSubstr("initial_scale"));
  EXPECT_THAT(refusal({1, 1}), HasSubstr("growth_factor: 1"));
  EXPECT_THAT(refusal({1, 2, 1}), HasSubstr("backoff_factor: 1"));
  EXPECT_THAT(refusal({1, 2, 0.5, 0}), HasSubstr("growth_interval: 0"));
}

TEST(GradScaler, OnAGpuDoesTheSame) {
  if (!has_gpu()) GTEST_SKIP() << needs_a_gpu();
  const auto w = parameter(at::Device(at::kCUDA, 0));
  const auto optimizer = sgd({w});
  GradScaler scaler({});
  give(w, 65536, 65536);
  EXPECT_TRUE(scaler.step(*optimizer));
  scaler.update();
  EXPECT_TRUE(identical(w.detach().cpu(), at::full({2}, 0.5F)));
  give(w, INFINITY, 1);
  EXPECT_FALSE(scaler.step(*optimizer));
  scaler.update();
  EXPECT_EQ(scaler.scale_factor(), 32768);
}

}  // namespace
}  // namespace neuralode::testing
