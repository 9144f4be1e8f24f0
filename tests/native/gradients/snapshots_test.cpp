// Drift of the reverse sweep: measured, bounded by snapshots, repaired, or refused.
#include "gradients/snapshots.h"

#include <gtest/gtest.h>

#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr AutocastState off;
constexpr double double_epsilon = std::numeric_limits<double>::epsilon();

SolveOptions kept(SnapshotKind snapshots, double h, double eta = 1, std::int64_t interval = 0) {
  auto options = fixed_steps(h, eta);
  options.snapshots = snapshots;
  options.snapshot_interval = interval;
  return options;
}

/// z' = -2 z + tanh(z W): undone, errors grow as e^(2 t) and more.
std::shared_ptr<Dynamics> contracting(at::ScalarType dtype) {
  const auto w = wave({4, 4}, 0.3, 0.5, dtype).requires_grad_();
  return dynamics([w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh() - 2 * z[0]}; }, {w});
}

Ode long_contraction(at::ScalarType dtype) { return {contracting(dtype), {wave({3, 4}, 0.2, 1, dtype)}, 0, 10}; }

Gradients backprop_of(const Ode& ode, double h, double eta = 1) { return differentiate(ode, fixed_steps(h, eta, GradientKind::backprop)); }

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
  for (const auto& [interval, expected] : std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 9}, {2, 4}, {3, 3}, {9, 1}, {10, 0}, {50, 0}}) {
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

TEST(AutomaticSnapshots, AreNotKeptWhereNothingExpandsErrors) {
  const Mlp mlp;
  const auto statistics = differentiate({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.01)).statistics;
  EXPECT_EQ(statistics.snapshots, 0);
  EXPECT_EQ(statistics.steps_replayed, 0);
  EXPECT_EQ(statistics.nfe_backward, 101);
}

TEST(AutomaticSnapshots, AreAsManyAsTheAmplificationAsksFor) {
  // float64: epsilon (1 / 0.8)^K <= sqrt(epsilon) / 10 allows K = 70 steps at eta = 0.9; 300 steps need 4 snapshots, at steps 70, 140, 210, 280.
  const Mlp mlp;
  const auto statistics = differentiate({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(1.0 / 300, 0.9)).statistics;
  const auto interval = static_cast<std::int64_t>(std::log(std::sqrt(double_epsilon) / 10 / double_epsilon) / std::log(1 / 0.8));
  EXPECT_EQ(interval, 70);
  EXPECT_EQ(statistics.snapshots, 299 / interval);
  EXPECT_LE(statistics.reconstruction_error, std::sqrt(double_epsilon));
}

TEST(AutomaticSnapshots, MakeGradientsThatThePapersMethodLoses) {
  for (const double eta : {0.9, 0.8, 0.6, 0.51, 0.2}) {
    const Mlp mlp;
    const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.5}};
    // drift_tolerance bounds the states' error; slopes near 1 over a unit of time carry it into the gradients some times over.
    EXPECT_LE(gap(differentiate(ode, fixed_steps(0.002, eta)), backprop_of(ode, 0.002, eta)), 100 * std::sqrt(double_epsilon)) << eta;
  }
}

TEST(AutomaticSnapshots, RepairAStretchThatDriftedAndStayWithinTheTolerance) {
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const auto ode = long_contraction(dtype);
    const auto mali = differentiate(ode, fixed_steps(0.1));
    EXPECT_GT(mali.statistics.steps_replayed, 0);
    EXPECT_GT(mali.statistics.snapshots, 0);
    EXPECT_LE(mali.statistics.reconstruction_error, drift_tolerance_of({}, dtype, off));
    const auto exact = backprop_of(long_contraction(at::kDouble), 0.1);
    const auto wide = [](const at::Tensor& tensor) { return tensor.to(at::kDouble); };
    EXPECT_LE(gap(wide(mali.a_z0[0]), exact.a_z0[0]), 10 * drift_tolerance_of({}, dtype, off));
    EXPECT_LE(gap(wide(mali.a_parameters[0]), exact.a_parameters[0]), 10 * drift_tolerance_of({}, dtype, off));
  }
}

TEST(AutomaticSnapshots, LearnFromARepairSoThatTheNextSolveKeepsStatesAtOnce) {
  const auto ode = long_contraction(at::kFloat);
  const auto first = differentiate(ode, fixed_steps(0.1)).statistics;
  EXPECT_GT(first.steps_replayed, 0);
  EXPECT_GT(ode.f->drift_rate().item<double>(), 0);
  const auto second = differentiate(ode, fixed_steps(0.1)).statistics;
  EXPECT_EQ(second.steps_replayed, 0);
  EXPECT_GT(second.snapshots, 0);
  EXPECT_LT(second.snapshots, 60);
  EXPECT_EQ(second.nfe_backward, 101);
}

TEST(AutomaticSnapshots, ForgetSlowlyWhatNoRepairConfirms) {
  const Mlp mlp;
  const auto f = mlp.dynamics();
  f->drift_rate().fill_(2.0);
  differentiate({f, {wave({3, 4})}}, fixed_steps(0.1));
  EXPECT_NEAR(f->drift_rate().item<double>(), 1.98, 1e-12);
}

TEST(AutomaticSnapshots, RepairTrajectoriesTimesAndTuplesToo) {
  const auto w = wave({4, 4}, 0.3, 0.5).requires_grad_();
  const auto f = dynamics(
      [w](const at::Tensor& t, const TensorList& z) {
        return TensorList{z[0].matmul(w).tanh() - 2 * z[0] + t.cos(), z[0].sum() - z[1]};
      },
      {w});
  const Ode ode{f, {wave({3, 4}), wave({2})}, 0, 12, {0, 1.5, 7.05, 11}};
  const auto mali = differentiate(ode, fixed_steps(0.1));
  EXPECT_GT(mali.statistics.steps_replayed, 0);
  EXPECT_LE(gap(mali, backprop_of(ode, 0.1)), 100 * std::sqrt(double_epsilon));
}

TEST(AutomaticSnapshots, RepairWithTheSameDropoutMasks) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.3, true).sin() - 2 * z[0]}; });
  const Ode ode{f, {wave({20})}, 0, 12};
  const auto seeded = [&](const SolveOptions& options) {
    torch::manual_seed(4);
    return differentiate(ode, options);
  };
  const auto automatic = seeded(fixed_steps(0.1)), every = seeded(kept(SnapshotKind::every, 0.1, 1, 1));
  EXPECT_GT(automatic.statistics.steps_replayed, 0);
  EXPECT_LE(gap(automatic, every), 1000 * std::sqrt(double_epsilon));
}

TEST(AutomaticSnapshots, WorkOnAdaptiveGrids) {
  const auto ode = long_contraction(at::kDouble);
  auto options = adaptive_steps(1e-4, 1e-4);
  options.eta = 0.9;
  const auto mali = differentiate(ode, options);
  EXPECT_GT(mali.statistics.snapshots, 0);
  EXPECT_LE(mali.statistics.reconstruction_error, drift_tolerance_of({}, at::kDouble, off));
  options.gradient = GradientKind::backprop;
  EXPECT_LE(gap(mali, differentiate(ode, options)), 1e-6);
}

TEST(AutomaticSnapshots, ARetainedGraphIsDifferentiatedTwiceAlike) {
  const auto ode = long_contraction(at::kFloat);
  const auto z0 = ode.z0[0].detach().requires_grad_();
  const auto solution = solve_plainly({ode.f, {z0}, 0, 10}, kept(SnapshotKind::every, 0.1, 1, 4));
  const auto loss = loss_of(solution.states);
  const auto once = torch::autograd::grad({loss}, {z0}, {}, /*retain_graph=*/true)[0];
  EXPECT_TRUE(identical(once, torch::autograd::grad({loss}, {z0})[0]));
}

TEST(AutomaticSnapshots, WithAnInputThatWasChangedInPlaceThereIsNothingToRepairFrom) {
  const auto ode = long_contraction(at::kFloat);
  auto z0 = ode.z0[0].detach().clone();
  const auto solution = solve_plainly({ode.f, {z0}, 0, 10}, fixed_steps(0.1));
  z0.zero_();
  loss_of(solution.states).backward();
  EXPECT_TRUE(std::isnan(solution.statistics->reconstruction_error));
  EXPECT_EQ(solution.statistics->steps_replayed, 0);
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
