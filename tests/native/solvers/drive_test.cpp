#include "solvers/drive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/expect.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Records what it is asked to do; the errors of its tries are given, 0.5 when they run out.
class Recorder final : public Stepper {
 public:
  explicit Recorder(std::vector<double> errors = {}, double first_step = 0.1) : errors_(std::move(errors)), first_step_(first_step) {}
  double error_order() const override { return 2; }
  double initial_step_size(double, double, double span) override { return std::min(first_step_, span); }
  std::int64_t attempt(double t, double h, std::int64_t landing) override {
    tried.push_back({t, h, static_cast<std::int64_t>(tried.size()) + 1, landing});
    return tried.back().evaluation;
  }
  double error(double, double) override { return tried.size() <= errors_.size() ? errors_[tried.size() - 1] : 0.5; }
  void require_acceptable() const override {
    if (unacceptable) fail(Status::non_finite, "never");
  }
  void accept() override { accepted.push_back(tried.back().evaluation); }
  void land(std::int64_t index) override { landed.push_back(index); }

  std::vector<Grid::Step> tried;
  std::vector<std::int64_t> accepted, landed;
  bool unacceptable = false;

 private:
  std::vector<double> errors_;
  double first_step_;
};

Grid grid_of(Stepper& stepper, double t0, const std::vector<double>& landings, const StepSizeOptions& options) {
  Grid grid;
  drive(stepper, t0, landings, options, grid);
  return grid;
}

StepSizeOptions fixed(double h) {
  StepSizeOptions options;
  options.step_size = h;
  return options;
}

TEST(FixedGrid, ALengthThatDividesTheSpanGivesExactlyThatManySteps) {
  for (const double h : {0.1, 0.2, 0.05, 0.025, 1.0 / 3, 1.0 / 7, 1.0 / 49, 0.01, 0.001}) {
    Recorder stepper;
    const auto grid = grid_of(stepper, 0, {1}, fixed(h));
    EXPECT_EQ(grid.steps.size(), static_cast<std::size_t>(std::lround(1 / h))) << h;
    EXPECT_EQ(grid.steps.back().t + grid.steps.back().h, 1) << h;
  }
}

TEST(FixedGrid, ALengthThatDoesNotDivideEndsExactlyOnT1WithAShorterStep) {
  Recorder stepper;
  const auto grid = grid_of(stepper, 0, {1}, fixed(0.15));
  ASSERT_EQ(grid.steps.size(), 7u);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(grid.steps[i].h, 0.15);
  EXPECT_EQ(grid.steps[6].t + grid.steps[6].h, 1);
  EXPECT_NEAR(grid.steps[6].h, 0.1, 1e-15);
  EXPECT_EQ(grid.steps[6].landing, 0);
  EXPECT_EQ(grid.steps[5].landing, -1);
}

TEST(FixedGrid, ALengthBeyondTheSpanGivesOneStepOfTheSpan) {
  Recorder stepper;
  const auto grid = grid_of(stepper, 2, {2.5}, fixed(10));
  ASSERT_EQ(grid.steps.size(), 1u);
  EXPECT_EQ(grid.steps[0].h, 0.5);
}

TEST(FixedGrid, BackwardInTimeStepsAreNegative) {
  Recorder stepper;
  const auto grid = grid_of(stepper, 1, {-0.5}, fixed(0.4));
  ASSERT_EQ(grid.steps.size(), 4u);
  EXPECT_EQ(grid.steps[0].h, -0.4);
  EXPECT_EQ(grid.steps[3].t + grid.steps[3].h, -0.5);
  EXPECT_LT(grid.steps[3].h, 0);
}

TEST(FixedGrid, EveryLandingTimeIsMetToTheBit) {
  const std::vector<double> landings{0.1, 0.3333, 0.7, 0.70000001, 1};
  Recorder stepper;
  const auto grid = grid_of(stepper, 0, landings, fixed(0.15));
  std::size_t next = 0;
  for (std::size_t i = 0; i < grid.steps.size(); ++i) {
    if (grid.steps[i].landing < 0) continue;
    EXPECT_EQ(grid.steps[i].landing, static_cast<std::int64_t>(next));
    if (i + 1 < grid.steps.size()) {
      EXPECT_EQ(grid.steps[i + 1].t, landings[next]);
    }
    ++next;
  }
  EXPECT_EQ(next, landings.size());
  EXPECT_EQ(stepper.landed, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
}

TEST(FixedGrid, NoTimeToPassTakesNoStepAndLands) {
  for (const auto& options : {fixed(0.1), StepSizeOptions()}) {
    Recorder stepper;
    EXPECT_TRUE(grid_of(stepper, 0.3, {0.3}, options).steps.empty());
    EXPECT_EQ(stepper.landed, std::vector<std::int64_t>{0});
    EXPECT_TRUE(stepper.tried.empty());
  }
}

TEST(FixedGrid, TheGridDoesNotDriftOverManySteps) {
  Recorder stepper;
  const auto grid = grid_of(stepper, 0, {1}, fixed(1e-5));
  ASSERT_EQ(grid.steps.size(), 100000u);
  // t_i = i h with one rounding each; a running sum would be off by up to 1e5 roundings.
  EXPECT_EQ(grid.steps[99999].t, 99999 * 1e-5);
}

TEST(StepLimit, IsNamedWithItsValueAndARemedy) {
  auto options = fixed(0.1);
  options.max_steps = 9;
  Recorder stepper;
  EXPECT_THAT(error_text(Status::step_limit, [&] { grid_of(stepper, 0, {1}, options); }),
              AllOf(HasSubstr("max_steps: 9"), HasSubstr("raise max_steps")));
  EXPECT_TRUE(stepper.tried.empty());  // known before the first step
  options.max_steps = 10;
  EXPECT_EQ(grid_of(stepper, 0, {1}, options).steps.size(), 10u);
}

TEST(StepLimit, CountsFixedStepsOverAllSegments) {
  auto options = fixed(0.1);
  options.max_steps = 9;
  Recorder stepper;
  error_text(Status::step_limit, [&] { grid_of(stepper, 0, {0.5, 1}, options); });
  EXPECT_LE(stepper.tried.size(), 9u);
}

TEST(StepLimit, AStepTooShortForAnyCountIsRefusedAtOnce) {
  Recorder stepper;
  error_text(Status::step_limit, [&] { grid_of(stepper, 0, {1}, fixed(1e-300)); });
  EXPECT_TRUE(stepper.tried.empty());
}

TEST(StepLimit, CountsRejectedTrialsToo) {
  StepSizeOptions options;
  options.max_steps = 5;
  Recorder stepper(std::vector<double>(100, 2.0));
  error_text(Status::step_limit, [&] { grid_of(stepper, 0, {1}, options); });
  EXPECT_EQ(stepper.tried.size(), 5u);
}

TEST(AdaptiveGrid, ARejectedTrialIsTriedAgainShorterFromTheSamePlace) {
  Recorder stepper({0.5, 4, 0.5});
  const auto grid = grid_of(stepper, 0, {1}, StepSizeOptions());
  EXPECT_EQ(grid.rejected, 1);
  EXPECT_EQ(stepper.tried[2].t, stepper.tried[1].t);
  EXPECT_NEAR(stepper.tried[2].h, stepper.tried[1].h * 0.9 / 2, 1e-15);  // 0.9 * 4^(-1/2)
  EXPECT_EQ(stepper.accepted.size() + 1, stepper.tried.size());
  EXPECT_EQ(grid.steps[1].evaluation, 3);  // what was accepted is what was tried, not a repetition
}

TEST(AdaptiveGrid, TheLastStepIsControlledLikeAnyOther) {
  Recorder stepper({9}, 10);  // the first try spans everything and fails
  const auto grid = grid_of(stepper, 0, {1}, StepSizeOptions());
  EXPECT_EQ(stepper.tried[0].landing, 0);
  EXPECT_EQ(grid.rejected, 1);
  EXPECT_GT(grid.steps.size(), 1u);
}

TEST(AdaptiveGrid, LandsOnEveryTimeToTheBitInBothDirections) {
  for (const double sign : {1.0, -1.0}) {
    const std::vector<double> landings{sign * 0.1, sign * 0.3333, sign * 0.33330001, sign * 1};
    Recorder stepper;
    const auto grid = grid_of(stepper, 0, landings, StepSizeOptions());
    std::size_t next = 0;
    for (std::size_t i = 0; i < grid.steps.size(); ++i) {
      EXPECT_GT(sign * grid.steps[i].h, 0);
      if (grid.steps[i].landing < 0) continue;
      if (i + 1 < grid.steps.size()) {
        EXPECT_EQ(grid.steps[i + 1].t, landings[next]);
      }
      ++next;
    }
    EXPECT_EQ(next, landings.size());
  }
}

TEST(AdaptiveGrid, AStepCutShortByALandingDoesNotShortenTheNext) {
  Recorder stepper({}, 0.4);
  const auto grid = grid_of(stepper, 0, {0.001, 1}, StepSizeOptions());
  EXPECT_NEAR(grid.steps[1].h, 0.4, 1e-12);
}

TEST(AdaptiveGrid, TheFirstStepIsTheOneAskedFor) {
  StepSizeOptions options;
  options.initial_step_size = 0.03;
  Recorder stepper;
  EXPECT_EQ(grid_of(stepper, 0, {1}, options).steps[0].h, 0.03);
}

TEST(AdaptiveGrid, ErrorsThatNeverShrinkUnderflowWithTheTimeAndARemedy) {
  for (const double error : {100.0, double(INFINITY), std::numeric_limits<double>::quiet_NaN()}) {
    Recorder stepper(std::vector<double>(1000, error));
    EXPECT_THAT(error_text(Status::step_size_underflow, [&] { grid_of(stepper, 1, {2}, StepSizeOptions()); }),
                AllOf(HasSubstr("t = 1"), HasSubstr("rtol = 0.001"), HasSubstr("loosen")));
  }
}

TEST(AdaptiveGrid, AVeryShortSpanIsNotAnUnderflow) {
  Recorder stepper;
  const double end = std::nextafter(1.0, 2.0);
  EXPECT_EQ(grid_of(stepper, 1, {end}, StepSizeOptions()).steps.size(), 1u);
}

TEST(StepController, FollowsItsFormula) {
  StepController controller(ControllerKind::pi, 2);
  EXPECT_DOUBLE_EQ(controller.factor(1), 0.9);
  EXPECT_DOUBLE_EQ(controller.factor(0.25), 0.9 * std::pow(0.25, -0.425));
  EXPECT_DOUBLE_EQ(controller.factor(0.5), 0.9 * std::pow(0.5, -0.425) * std::pow(0.25, 0.1));
  EXPECT_DOUBLE_EQ(controller.factor(4), 0.45);
  EXPECT_DOUBLE_EQ(controller.factor(1.0000001), 0.9 * std::pow(1.0000001, -0.5));
}

TEST(StepController, StaysBetweenAFifthAndFive) {
  EXPECT_EQ(StepController(ControllerKind::pi, 2).factor(0), 5);
  EXPECT_EQ(StepController(ControllerKind::pi, 2).factor(1e9), 0.2);
  EXPECT_EQ(StepController(ControllerKind::pi, 2).factor(INFINITY), 0.2);
  EXPECT_EQ(StepController(ControllerKind::pi, 2).factor(std::numeric_limits<double>::quiet_NaN()), 0.2);
}

TEST(StepController, DoesNotGrowRightAfterARejection) {
  StepController controller(ControllerKind::pi, 2);
  controller.factor(2);
  EXPECT_EQ(controller.factor(1e-6), 1);
  EXPECT_GT(controller.factor(1e-6), 1);
}

TEST(StepSizeOptions, OutOfRangeIsRefusedByName) {
  const auto text = [](double StepSizeOptions::*member, double value) {
    StepSizeOptions options;
    options.*member = value;
    return error_text(Status::invalid_argument, [&] { check(options); });
  };
  const double nan_value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(text(&StepSizeOptions::step_size, -0.1), HasSubstr("step_size: -0.1"));
  EXPECT_THAT(text(&StepSizeOptions::step_size, nan_value), HasSubstr("step_size: nan"));
  EXPECT_THAT(text(&StepSizeOptions::step_size, INFINITY), HasSubstr("step_size: inf"));
  EXPECT_THAT(text(&StepSizeOptions::rtol, 0), HasSubstr("rtol: 0"));
  EXPECT_THAT(text(&StepSizeOptions::atol, -1), HasSubstr("atol: -1"));
  EXPECT_THAT(text(&StepSizeOptions::initial_step_size, nan_value), HasSubstr("initial_step_size: nan"));
  StepSizeOptions options;
  options.max_steps = 0;
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { check(options); }), HasSubstr("max_steps: 0"));
}

TEST(Grid, HasWhatWasAcceptedWhenTheDriveFails) {
  Recorder stepper;
  auto options = fixed(0.1);
  options.max_steps = 3;
  Grid grid;
  error_text(Status::step_limit, [&] { drive(stepper, 0, {0.2, 0.4, 0.6}, options, grid); });
  EXPECT_EQ(grid.steps.size(), 3u);
  EXPECT_NEAR(grid.end, 0.3, 1e-15);
  EXPECT_EQ(stepper.landed, (std::vector<std::int64_t>{0}));
}

TEST(FixedGrid, AStepThatCanNeverBeAcceptedIsNotAccepted) {
  Recorder stepper;
  stepper.unacceptable = true;
  Grid grid;
  error_text(Status::non_finite, [&] { drive(stepper, 2, {3}, fixed(0.1), grid); });
  EXPECT_TRUE(stepper.accepted.empty());
  EXPECT_EQ(grid.end, 2);
}

TEST(AdaptiveGrid, AnUnderflowHasTheStepsOwnReasonWhereThereIsOne) {
  Recorder stepper(std::vector<double>(1000, INFINITY));
  stepper.unacceptable = true;
  Grid grid;
  error_text(Status::non_finite, [&] { drive(stepper, 0, {1}, StepSizeOptions(), grid); });
  EXPECT_EQ(grid.end, 0);
}

}  // namespace
}  // namespace neuralode::testing
