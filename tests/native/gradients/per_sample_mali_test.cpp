// MALI and the checkpointed methods with steps per sample: what they keep, what they make again, how far they drift.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "solvers/tableau.h"
#include "support/drifting.h"
#include "support/expect.h"
#include "support/per_sample.h"
#include "tensors/autocast.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double tolerance = 1e-9;  // float64; some hundred evaluations of slope near 1

Ode samples_of_many_sizes(const Mlp& mlp) {
  return {mlp.dynamics(), {wave({3, 4}) * at::tensor({0.2, 1.0, 4.0}, at::kDouble).unsqueeze(1)}, 0, 2, {0.8, 2}};
}

SolveOptions mali(double rtol, double eta = 1, SnapshotKind snapshots = SnapshotKind::automatic, std::int64_t interval = 0) {
  auto options = per_sample(SolverKind::alf, adaptive_steps(rtol, rtol));
  options.eta = eta;
  options.snapshots = snapshots;
  options.snapshot_interval = interval;
  return options;
}

Gradients backprop_of(const Ode& ode, SolveOptions options) {
  options.gradient = GradientKind::backprop;
  options.snapshots = SnapshotKind::automatic;
  options.snapshot_interval = 0;
  options.drift_tolerance = 0;
  return differentiate(ode, options);
}

std::int64_t rounds_of(const Ode& ode, SolveOptions options) {
  return static_cast<std::int64_t>(solve_plainly(ode, options).grid->steps.size());
}

TEST(PerSampleMali, KeepsNothingAndLinearisesOnceARound) {
  const Mlp mlp;
  const auto ode = samples_of_many_sizes(mlp);
  const auto statistics = differentiate(ode, mali(1e-3, 1, SnapshotKind::none)).statistics;
  EXPECT_EQ(statistics.snapshots, 0);
  EXPECT_EQ(statistics.steps_replayed, 0);
  EXPECT_EQ(statistics.nfe_backward, rounds_of(ode, mali(1e-3)) + 1);
  EXPECT_LE(statistics.reconstruction_error, 1e-12);
}

TEST(PerSampleMali, KeepsAStateEverySoManyRounds) {
  const Mlp mlp;
  const auto ode = samples_of_many_sizes(mlp);
  for (const std::int64_t interval : {1, 3, 1000}) {
    const auto options = mali(1e-3, 0.9, SnapshotKind::every, interval);
    const auto found = differentiate(ode, options);
    EXPECT_EQ(found.statistics.snapshots, (rounds_of(ode, options) - 1) / interval);
    EXPECT_LE(gap(found, backprop_of(ode, options)), interval == 1000 ? 1e-6 : tolerance);  // 0.8^-100 times rounding is 1e-6
  }
}

/// Damped: where the solution contracts, undamped ALF takes very short steps.
Ode contracting_samples() {
  return {contracting(at::kDouble), {wave({3, 4}, 0.2) * at::tensor({0.1, 1.0, 3.0}, at::kDouble).unsqueeze(1)}, 0, 6, {4, 6}};
}

TEST(PerSampleMali, PlansStatesByWhatDampingAmplifies) {
  const auto options = mali(1e-4, 0.9);
  const auto found = differentiate(contracting_samples(), options);
  EXPECT_GT(found.statistics.snapshots, 0);
  EXPECT_EQ(found.statistics.steps_replayed, 0);
  const double bound = std::sqrt(std::numeric_limits<double>::epsilon());
  EXPECT_LE(found.statistics.reconstruction_error, bound);
  // The tolerance bounds the states' error; slopes near 2 carry it into the gradients some times over.
  EXPECT_LE(gap(found, backprop_of(contracting_samples(), options)), 100 * bound);
}

TEST(PerSampleMali, RepairsStretchesThatDrifted) {
  auto options = mali(1e-4, 0.999);  // so little damping that few states are planned for it
  options.drift_tolerance = 1e-14;  // some tens of roundings, which undoing a contraction expands beyond
  const auto found = differentiate(contracting_samples(), options);
  EXPECT_GT(found.statistics.steps_replayed, 0);
  EXPECT_LE(found.statistics.reconstruction_error, 1e-14);
  EXPECT_LE(gap(found, backprop_of(contracting_samples(), options)), tolerance);
}

TEST(PerSampleMali, WithoutSnapshotsTellsItsDrift) {
  EXPECT_THAT(error_text(Status::drift, [&] { differentiate(contracting_samples(), mali(1e-4, 0.9, SnapshotKind::none)); }),
              HasSubstr("drift"));
}

TEST(PerSampleMali, KnowsWhenZ0WasChangedInPlaceAndGoesOnFromItsReconstruction) {
  const Mlp mlp;
  auto z0 = wave({3, 4});
  const auto run = [&](bool changes) {
    for (auto& parameter : mlp.parameters()) parameter.mutable_grad().reset();
    z0 = wave({3, 4});
    const auto solution = solve_plainly({mlp.dynamics(), {z0}}, mali(1e-3));
    if (changes) z0.zero_();
    loss_of(solution.states).backward();
    EXPECT_EQ(std::isnan(solution.statistics->reconstruction_error), changes);
    return mlp.w1.grad().clone();
  };
  EXPECT_LE(gap(run(true), run(false)), tolerance);
}

class PerSampleCost : public ::testing::TestWithParam<SolverKind> {};

TEST_P(PerSampleCost, BackwardIsOneLinearisedEvaluationAStageOfEachRound) {
  const Mlp mlp;
  const auto ode = samples_of_many_sizes(mlp);
  for (const auto gradient : {GradientKind::aca, GradientKind::anode, GradientKind::pnode}) {
    auto options = per_sample(GetParam(), adaptive_steps(1e-4, 1e-4, gradient));
    const auto rounds = rounds_of(ode, options);
    const auto statistics = differentiate(ode, options).statistics;
    const bool alf = GetParam() == SolverKind::alf;
    // f(t0, z0); the stages after the first, which the round before closed with, and the close of every round but the last.
    const auto stages = alf ? 1 : static_cast<std::int64_t>(tableau_of(GetParam()).stages()) - (tableau_of(GetParam()).fsal ? 1 : 0);
    EXPECT_EQ(statistics.nfe_backward, alf ? rounds + 1 : rounds * stages);
    EXPECT_EQ(statistics.steps_replayed, gradient == GradientKind::anode ? rounds - 1 : 0);
    EXPECT_EQ(statistics.snapshots, rounds - 1);
    EXPECT_EQ(statistics.snapshot_bytes, (rounds - 1) * 2 * 3 * 4 * 8);  // z and v of three samples of four doubles
  }
}

TEST_P(PerSampleCost, UnderAutocastIsDifferentiatedAlikeByEveryMethod) {
  const auto w = wave({4, 4}, 0.3, 0.5, at::kFloat).requires_grad_();
  const auto f = dynamics([w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh()}; }, {w});
  const auto z0 = wave({3, 4}, 0, 1, at::kFloat);
  const auto gradients = [&](GradientKind gradient, std::int64_t checkpoints) {
    auto options = per_sample(GetParam(), adaptive_steps(1e-1, 1e-1, gradient));
    options.checkpoints = checkpoints;
    const auto leaf = z0.clone().requires_grad_();
    const auto loss = [&] {
      const AutocastScope autocast({at::kCPU, true, at::kBFloat16});
      return loss_of(solve_plainly({f, {leaf}, 0, 3}, options).states);
    }();
    return torch::autograd::grad({loss}, {leaf, w});
  };
  // The same roundings to bfloat16, in float32 sums of another order.
  EXPECT_LE(gap(gradients(GradientKind::pnode, 1), gradients(GradientKind::aca, 0)), 1e-5);
  EXPECT_LE(gap(gradients(GradientKind::aca, 0), gradients(GradientKind::backprop, 0)),
            5e-2);  // some roundings of 2^-8: cotangents are bfloat16 too
}

INSTANTIATE_TEST_SUITE_P(Solvers, PerSampleCost, ::testing::ValuesIn(sample_solvers),
                         [](const auto& info) { return sample_solver_name(info.param); });

}  // namespace
}  // namespace neuralode::testing
