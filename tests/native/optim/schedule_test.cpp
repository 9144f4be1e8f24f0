#include "optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

ScheduleOptions options_of(ScheduleKind kind) {
  ScheduleOptions options;
  options.kind = kind;
  options.lr = 0.2;
  options.total_steps = 101;
  options.period = 30;
  return options;
}

TEST(Schedule, ConstantIsConstant) {
  for (const std::int64_t step : {0, 1, 1000000}) EXPECT_EQ(learning_rate(options_of(ScheduleKind::constant), step), 0.2);
}

TEST(Schedule, StepMultipliesByGammaAtEachPeriod) {
  auto options = options_of(ScheduleKind::step);
  options.gamma = 0.5;
  EXPECT_DOUBLE_EQ(learning_rate(options, 0), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate(options, 29), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate(options, 30), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(options, 89), 0.05);
  EXPECT_DOUBLE_EQ(learning_rate(options, 90), 0.025);
}

TEST(Schedule, CosineGoesFromTheRateToItsFinalFactor) {
  auto options = options_of(ScheduleKind::cosine);
  options.final_factor = 0.1;
  EXPECT_DOUBLE_EQ(learning_rate(options, 0), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate(options, 50), 0.2 * 0.55);  // half way between 1 and 0.1
  EXPECT_NEAR(learning_rate(options, 25), 0.2 * (0.1 + 0.9 * (1 + std::sqrt(0.5)) / 2), 1e-15);
  EXPECT_DOUBLE_EQ(learning_rate(options, 100), 0.02);
  EXPECT_DOUBLE_EQ(learning_rate(options, 100000), 0.02);
}

TEST(Schedule, OneCycleRisesAndFalls) {
  auto options = options_of(ScheduleKind::one_cycle);
  options.warmup = 0.2;
  options.initial_divisor = 10;
  options.final_factor = 0.01;
  EXPECT_DOUBLE_EQ(learning_rate(options, 0), 0.02);
  EXPECT_NEAR(learning_rate(options, 10), 0.11, 1e-15);  // half way up
  EXPECT_DOUBLE_EQ(learning_rate(options, 20), 0.2);
  EXPECT_NEAR(learning_rate(options, 60), (0.2 + 0.002) / 2, 1e-15);  // half way down
  EXPECT_DOUBLE_EQ(learning_rate(options, 100), 0.002);
  EXPECT_DOUBLE_EQ(learning_rate(options, 101), 0.002);
}

TEST(Schedule, IsMonotoneOnEachSideOfTheWarmup) {
  const auto options = options_of(ScheduleKind::one_cycle);
  for (std::int64_t step = 0; step < 25; ++step) EXPECT_LT(learning_rate(options, step), learning_rate(options, step + 1));
  for (std::int64_t step = 25; step < 100; ++step) EXPECT_GT(learning_rate(options, step), learning_rate(options, step + 1));
}

TEST(Schedule, OutOfRangeIsRefusedByName) {
  const auto refused = [](ScheduleKind kind, void (*change)(ScheduleOptions&), std::int64_t step = 0) {
    auto options = options_of(kind);
    change(options);
    return error_text(Status::invalid_argument, [&] { learning_rate(options, step); });
  };
  EXPECT_THAT(refused(ScheduleKind::constant, [](auto& options) { options.lr = -1; }), HasSubstr("lr: -1"));
  EXPECT_THAT(refused(ScheduleKind::constant, [](auto& options) { options.lr = NAN; }), HasSubstr("lr: nan"));
  EXPECT_THAT(refused(
                  ScheduleKind::constant, [](auto&) {}, -1),
              HasSubstr("step: -1"));
  EXPECT_THAT(refused(ScheduleKind::step, [](auto& options) { options.period = 0; }), HasSubstr("period: 0"));
  EXPECT_THAT(refused(ScheduleKind::step, [](auto& options) { options.gamma = 0; }), HasSubstr("gamma: 0"));
  EXPECT_THAT(refused(ScheduleKind::cosine, [](auto& options) { options.total_steps = 0; }), HasSubstr("total_steps: 0"));
  EXPECT_THAT(refused(ScheduleKind::cosine, [](auto& options) { options.final_factor = 1.1; }), HasSubstr("final_factor: 1.1"));
  EXPECT_THAT(refused(ScheduleKind::one_cycle, [](auto& options) { options.warmup = 1; }), HasSubstr("warmup: 1"));
  EXPECT_THAT(refused(ScheduleKind::one_cycle, [](auto& options) { options.initial_divisor = 0.5; }), HasSubstr("initial_divisor: 0.5"));
  EXPECT_THAT(refused(static_cast<ScheduleKind>(9), [](auto&) {}), HasSubstr("kind: 9"));
}

}  // namespace
}  // namespace neuralode::testing
