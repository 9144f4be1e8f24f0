// Drift of the reverse sweep: measured, bounded by snapshots, repaired, or refused.
#include "gradients/snapshots.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/drifting.h"
#include "support/expect.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr AutocastState off;
constexpr double double_epsilon = std::numeric_limits<double>::epsilon();

TEST(Drift, OfThePaperLosesAContractingTrajectoryAndIsAnErrorThatSaysWhatToDo) {
  EXPECT_THAT(error_text(Status::drift, [&] { differentiate(long_contraction(at::kFloat), kept(SnapshotKind::none, 0.1)); }),
              AllOf(HasSubstr("drift_tolerance = 0.000345"), HasSubstr("snapshots to automatic"), HasSubstr("exactly")));
}

TEST(Drift, WithFailuresAsValuesIsInTheOutcomeAndTheGradientsAreThere) {
  auto options = kept(SnapshotKind::none, 0.1);
  options.failure = FailureKind::value;
  const auto ode = long_contraction(at::kFloat);
  const auto z0 = ode.z0[0].detach().requires_grad_();
  const auto solution = solve_plainly({ode.f, {z0}, 0, 10}, options);
  EXPECT_EQ(solution.outcome->status, Status::ok);
  EXPECT_EQ(solution.outcome->reached, 10);
  loss_of(solution.states).backward();
  EXPECT_EQ(solution.outcome->status, Status::drift);
  EXPECT_THAT(solution.outcome->text, HasSubstr("snapshots"));
  EXPECT_GT(solution.statistics->reconstruction_error, 1);  // e^20 roundings
  EXPECT_TRUE(z0.grad().defined());
}

TEST(Drift, AllowedByALargerToleranceIsNoFailure) {
  auto options = kept(SnapshotKind::none, 0.1);
  options.drift_tolerance = 1e12;
  EXPECT_GT(differentiate(long_contraction(at::kFloat), options).statistics.reconstruction_error, 1);
}

TEST(Snapshots, EveryKKeepsTheStatesBeforeStepsKTwoKAndSoOn) {
  const Mlp mlp;
  for (const auto& [interval, expected] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 9}, {2, 4}, {3, 3}, {9, 1}, {10, 0}, {50, 0}}) {
    const auto statistics = differentiate({mlp.dynamics(), {wave({3, 4})}}, kept(SnapshotKind::every, 0.1, 1, interval)).statistics;
    EXPECT_EQ(statistics.snapshots, expected) << interval;
    EXPECT_EQ(statistics.snapshot_bytes, expected * 2 * 12 * 8) << interval;
    EXPECT_EQ(statistics.nfe_backward, 11);
    EXPECT_EQ(statistics.steps_replayed, 0);
  }
}

TEST(Snapshots, OfEveryStepGiveBackpropsGradientsToRoundingWhateverEta) {
  for (const double eta : {1.0, 0.8, 0.51, 0.3, 0.05}) {
    const Mlp mlp;
    const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.25, 0.6, 1}};
    const auto mali = differentiate(ode, kept(SnapshotKind::every, 0.01, eta, 1));
    // A hundred steps of some ten roundings each.
    EXPECT_LE(gap(mali, backprop_of(ode, 0.01, eta)), 1000 * double_epsilon) << eta;
    EXPECT_EQ(mali.statistics.reconstruction_error, 0);
  }
}

TEST(Snapshots, BoundTheDriftOfADampedSolve) {
  // eta = 0.8: (1 / 0.6)^K roundings after K steps, so 8 steps lose two digits where 100 lose all.
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1};
  const auto statistics = differentiate(ode, kept(SnapshotKind::every, 0.01, 0.8, 8)).statistics;
  EXPECT_LE(statistics.reconstruction_error, 1000 * std::pow(1 / 0.6, 8) * double_epsilon);
  EXPECT_GT(statistics.reconstruction_error, 0);
}

TEST(Snapshots, OfEveryStepGiveDerivativesToTimeAlsoNearEtaOneHalf) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.1, 0.2, 1}};
  for (const double eta : {0.50000001, 0.5001}) {
    const auto expected = backprop_of(ode, 0.1, eta);
    EXPECT_LE(gap(differentiate(ode, kept(SnapshotKind::every, 0.1, eta, 1)), expected), 1e-12) << eta;
    EXPECT_LE(gap(differentiate(ode, fixed_steps(0.1, eta)), expected), 1e-12) << eta;
  }
}

TEST(Snapshots, AreNotTakenWhereNoGradientIsWanted) {
  const at::NoGradGuard not_recording;
  const Mlp mlp;
  EXPECT_EQ(solve_plainly({mlp.dynamics(), {wave({3, 4})}}, kept(SnapshotKind::every, 0.1, 1, 1)).statistics->snapshots, 0);
}

TEST(DriftTolerance, IsTheRootOfEpsilonAndUnderAutocastNoFinerThanF) {
  EXPECT_EQ(drift_tolerance_of({}, at::kDouble, off), std::sqrt(double_epsilon));
  EXPECT_NEAR(drift_tolerance_of({}, at::kFloat, off), 3.4527e-4, 1e-8);
  EXPECT_NEAR(drift_tolerance_of({}, at::kFloat, {at::kCPU, true, at::kBFloat16}), 1.0 / 128, 1e-12);
  EXPECT_NEAR(drift_tolerance_of({}, at::kFloat, {at::kCUDA, true, at::kHalf}), 1.0 / 1024, 1e-12);
  SolveOptions given;
  given.drift_tolerance = 0.25;
  EXPECT_EQ(drift_tolerance_of(given, at::kFloat, {at::kCPU, true, at::kBFloat16}), 0.25);
}

TEST(SnapshotOptions, ThatDoNotFitAreRefused) {
  const auto refused = [](const std::function<void(SolveOptions&)>& change) {
    auto options = fixed_steps(0.1);
    change(options);
    return error_text(Status::invalid_argument, [&] { check(options); });
  };
  EXPECT_THAT(refused([](auto& options) { options.snapshots = SnapshotKind::every; }), HasSubstr("snapshot_interval: 0"));
  EXPECT_THAT(refused([](auto& options) {
                options.gradient = GradientKind::aca;
                options.drift_tolerance = 0.1;
              }),
              HasSubstr("drift_tolerance: 0.1"));
  EXPECT_THAT(refused([](auto& options) { options.snapshot_interval = 3; }), HasSubstr("snapshot_interval: 3"));
  EXPECT_THAT(refused([](auto& options) { options.snapshots = static_cast<SnapshotKind>(3); }), HasSubstr("snapshots: 3"));
  EXPECT_THAT(refused([](auto& options) { options.reversal = static_cast<ReversalKind>(2); }), HasSubstr("reversal: 2"));
  EXPECT_THAT(refused([](auto& options) { options.failure = static_cast<FailureKind>(-1); }), HasSubstr("failure: -1"));
  EXPECT_THAT(refused([](auto& options) { options.drift_tolerance = -1; }), HasSubstr("drift_tolerance: -1"));
  EXPECT_THAT(refused([](auto& options) { options.drift_tolerance = NAN; }), HasSubstr("drift_tolerance"));
  EXPECT_THAT(refused([](auto& options) {
                options.reversal = ReversalKind::exact;
                options.eta = 0.9;
              }),
              AllOf(HasSubstr("exact"), HasSubstr("eta = 0.9")));
  EXPECT_THAT(refused([](auto& options) {
                options.snapshots = SnapshotKind::every;
                options.snapshot_interval = 2;
                options.gradient = GradientKind::backprop;
              }),
              HasSubstr("mali"));
  EXPECT_THAT(refused([](auto& options) {
                options.reversal = ReversalKind::exact;
                options.gradient = GradientKind::backprop;
              }),
              HasSubstr("backprop"));
}

}  // namespace
}  // namespace neuralode::testing
