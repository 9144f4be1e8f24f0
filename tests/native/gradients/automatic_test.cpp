// Automatic snapshots: planned, repaired, learnt.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gradients/snapshots.h"
#include "support/drifting.h"
#include "support/expect.h"

namespace neuralode::testing {
namespace {

constexpr AutocastState off;
constexpr double double_epsilon = std::numeric_limits<double>::epsilon();

TEST(AutomaticSnapshots, AreNotKeptWhereNothingExpandsErrors) {
  const Mlp mlp;
  const auto statistics = differentiate({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(0.01)).statistics;
  EXPECT_EQ(statistics.snapshots, 0);
  EXPECT_EQ(statistics.steps_replayed, 0);
  EXPECT_EQ(statistics.nfe_backward, 101);
}

TEST(AutomaticSnapshots, AreAsManyAsTheAmplificationAsksFor) {
  // float64: epsilon (1 / 0.8)^K <= sqrt(epsilon) / 40 allows K = 64 steps at eta = 0.9; 300 steps need 4 snapshots, at steps 64, 128, 192
  // and 256.
  const Mlp mlp;
  const auto statistics = differentiate({mlp.dynamics(), {wave({3, 4})}}, fixed_steps(1.0 / 300, 0.9)).statistics;
  const auto interval = static_cast<std::int64_t>(std::log(std::sqrt(double_epsilon) / 40 / double_epsilon) / std::log(1 / 0.8));
  EXPECT_EQ(interval, 64);
  EXPECT_EQ(statistics.snapshots, 299 / interval);
  EXPECT_EQ(statistics.steps_replayed, 0);
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
  const Ode ode{f, {wave({20})}, 0, 8};
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

TEST(AutomaticSnapshots, SeeASmallStateBesideALargeOne) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{0.01 * z[0], 0.4 * z[1].sin() - 2.5 * z[1]}; });
  const Ode ode{f, {wave({4}, 0, 1e6), wave({4})}, 0, 10};
  const auto mali = differentiate(ode, fixed_steps(0.1));
  EXPECT_GT(mali.statistics.steps_replayed, 0);
  EXPECT_LE(gap(mali.a_z0[1], backprop_of(ode, 0.1).a_z0[1]), 100 * std::sqrt(double_epsilon));
}

TEST(AutomaticSnapshots, OfAStateThatStartsAtZeroAreNotKeptForNothing) {
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{1e5 * (z[0] / 1e5 + t + 1).cos()}; });
  const auto statistics = differentiate({f, {at::zeros({4}, at::kFloat)}}, fixed_steps(0.01)).statistics;
  EXPECT_EQ(statistics.snapshots, 0);
  EXPECT_LE(statistics.reconstruction_error, 1e-5);
}

TEST(AutomaticSnapshots, OfAStateThatIsZeroAtBothEndsAreNotKeptForNothing) {
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{2 * M_PI * (2 * M_PI * t).cos() + 0 * z[0]}; });
  for (const auto& options : {fixed_steps(0.01), [] {
                                auto reversible = fixed_steps(0.01, 1, GradientKind::reversible);
                                reversible.solver = SolverKind::reversible_heun;
                                return reversible;
                              }()}) {
    const auto statistics = differentiate({f, {at::zeros({4}, at::kDouble)}}, options).statistics;
    EXPECT_EQ(statistics.snapshots, 0);
    EXPECT_EQ(statistics.steps_replayed, 0);
  }
}

TEST(AutomaticSnapshots, RepairBeforeFIsCalledFarFromEveryStateThatItHasSeen) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) {
    if (!(z[0].abs().max().item<double>() < 5e5)) throw std::out_of_range("f was called at a state that is none");
    return TensorList{0.4 * z[0].sin() - 1.5 * z[0]};
  });
  const Ode ode{f, {wave({4}, 0, 1, at::kFloat)}, 0, 14};
  EXPECT_THROW(differentiate(ode, kept(SnapshotKind::none, 0.1)), std::out_of_range);
  EXPECT_GT(differentiate(ode, fixed_steps(0.1)).statistics.steps_replayed, 0);
}

TEST(AutomaticSnapshots, DoNotLearnFromANoisyF) {
  int calls = 0;
  bool noisy = true;
  const auto f =
      dynamics([&](const at::Tensor&, const TensorList& z) { return TensorList{z[0].sin() + (noisy ? 1e-3 * (++calls % 7) : 0)}; });
  const Ode ode{f, {wave({4}, 0, 1, at::kFloat)}};
  EXPECT_GT(differentiate(ode, fixed_steps(0.01)).statistics.steps_replayed, 0);
  noisy = false;
  EXPECT_EQ(differentiate(ode, fixed_steps(0.01)).statistics.snapshots, 0);
}

}  // namespace
}  // namespace neuralode::testing
