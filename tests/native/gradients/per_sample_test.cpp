// Steps per sample: each sample as the joint solver makes it alone, and what is refused.
#include "support/per_sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "solvers/tableau.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double rounding = 1e-12;  // float64; some hundred steps whose first lengths are sums in another order

class PerSample : public ::testing::TestWithParam<SolverKind> {
 protected:
  static SolveOptions options(double tolerance, GradientKind gradient = GradientKind::none) {
    return per_sample(GetParam(), adaptive_steps(tolerance, tolerance, gradient));
  }
  /// Every sample's states and number of steps against the same solve of that sample alone by the joint step.
  static void expect_those_of_each_alone(const Ode& ode, const SolveOptions& options) {
    const auto together = solve_plainly(ode, options);
    auto joint = options;
    joint.per_sample = false;
    std::int64_t accepted = 0, rejected = 0;
    for (std::int64_t b = 0; b < ode.z0[0].size(0); ++b) {
      const auto alone = solve_plainly(sample_of(ode, b), joint);
      for (std::size_t i = 0; i < ode.z0.size(); ++i) {
        const auto axis = ode.t_eval.empty() ? 0 : 1;
        EXPECT_LE(gap(together.states[i].narrow(axis, b, 1), alone.states[i]), rounding) << "sample " << b;
      }
      EXPECT_EQ(together.grid->samples[static_cast<std::size_t>(b)].accepted, alone.statistics->steps_accepted) << "sample " << b;
      EXPECT_EQ(together.grid->samples[static_cast<std::size_t>(b)].rejected, alone.statistics->steps_rejected) << "sample " << b;
      EXPECT_EQ(together.grid->samples[static_cast<std::size_t>(b)].t, ode.t1);
      accepted += alone.statistics->steps_accepted;
      rejected += alone.statistics->steps_rejected;
    }
    EXPECT_EQ(together.statistics->steps_accepted, accepted);
    EXPECT_EQ(together.statistics->steps_rejected, rejected);
  }
};

TEST_P(PerSample, SolvesEachSampleAsAlone) {
  expect_those_of_each_alone({oscillators(), {starts_of({1, 3, 9, 0.1})}, 0, 3}, options(1e-5));
}

TEST_P(PerSample, LandsEachSampleOnEveryTimeOfATrajectory) {
  expect_those_of_each_alone({oscillators(), {starts_of({1, 3, 9, 0.1})}, 0.5, 2, {0.5, 0.7, 1.9, 2}}, options(1e-4));
}

TEST_P(PerSample, SolvesTuplesThatDependOnTimeBackwardInTime) {
  const Mlp mlp;
  expect_those_of_each_alone(tuple_of_time(mlp), options(1e-5));
}

TEST_P(PerSample, OfOneSampleCostsAsManyEvaluationsAsTheJointStep) {
  const Ode ode{oscillators(), {starts_of({5})}, 0, 3};
  auto joint = options(1e-5);
  joint.per_sample = false;
  EXPECT_EQ(solve_plainly(ode, options(1e-5)).statistics->nfe_forward, solve_plainly(ode, joint).statistics->nfe_forward);
}

TEST_P(PerSample, EvaluatesFOnceAStageForTheWholeBatch) {
  // Every round tries each sample that is not done: no more rounds than the trials of the sample that takes most.
  const auto solution = solve_plainly({oscillators(), {starts_of({1, 3, 9, 0.1})}, 0, 3}, options(1e-5));
  std::int64_t rounds = 0;
  for (const auto& sample : solution.grid->samples) rounds = std::max(rounds, sample.accepted + sample.rejected);
  if (GetParam() == SolverKind::alf) {
    EXPECT_EQ(solution.statistics->nfe_forward, rounds + 1);
    return;
  }
  const auto& tableau = tableau_of(GetParam());
  const auto stages = static_cast<std::int64_t>(tableau.stages());
  // f(t0, z0), the second half of Hairer's rule, the stages; without FSAL the start of each round after one that accepted a trial.
  const auto starts = tableau.fsal ? 0 : static_cast<std::int64_t>(solution.grid->steps.size()) - 1;
  EXPECT_EQ(solution.statistics->nfe_forward, 2 + rounds * (stages - 1) + starts);
}

TEST_P(PerSample, FirstStepsThatAreTooLongAreRejectedAlone) {
  auto of = options(1e-5);
  of.steps.initial_step_size = 2;
  const auto solution = solve_plainly({oscillators(), {starts_of({0, 9})}, 0, 3}, of);
  EXPECT_GT(solution.grid->samples[1].rejected, solution.grid->samples[0].rejected);
  expect_those_of_each_alone({oscillators(), {starts_of({0, 9})}, 0, 3}, of);
}

INSTANTIATE_TEST_SUITE_P(Solvers, PerSample, ::testing::ValuesIn(sample_solvers),
                         [](const auto& info) { return sample_solver_name(info.param); });

TEST(PerSampleSteps, WithMixedStiffnessTakeAsManyRoundsAsTheStiffestSampleTrials) {
  std::vector<double> mus;
  for (int i = 0; i < 16; ++i) mus.push_back(1 + 49.0 * i / 15);
  const Ode ode{van_der_pol(), {starts_of(mus)}, 0, 2};
  const auto reference = solve_plainly(ode, per_sample(SolverKind::dopri8, adaptive_steps(1e-12, 1e-12, GradientKind::none))).states[0];
  for (const auto solver : {SolverKind::bosh3, SolverKind::dopri5, SolverKind::tsit5}) {
    const auto steps = adaptive_steps(1e-5, 1e-5, GradientKind::none);
    const auto own = solve_plainly(ode, per_sample(solver, steps));
    std::int64_t most = 0;
    for (const auto& sample : own.grid->samples) most = std::max(most, sample.accepted + sample.rejected);
    EXPECT_EQ(own.statistics->nfe_forward, 2 + most * (static_cast<std::int64_t>(tableau_of(solver).stages()) - 1));
    EXPECT_LE(gap(own.states[0], reference), 1e-2);  // 1e-5 a step over some hundred of them, expanded by what is stiff
  }
}

TEST(PerSampleSteps, OfTheJointStepDifferWhereSamplesDo) {
  const Ode ode{van_der_pol(), {starts_of({0.1, 30})}, 0, 2};
  const auto samples = solve_plainly(ode, per_sample(SolverKind::dopri5, adaptive_steps(1e-5, 1e-5, GradientKind::none))).grid->samples;
  EXPECT_GT(samples[1].accepted, 2 * samples[0].accepted);
}

TEST(PerSampleSteps, TakeFloatsAndBatchesThatAreNotOutermostInMemory) {
  const auto options = per_sample(SolverKind::dopri5, adaptive_steps(1e-3, 1e-3, GradientKind::pnode));
  const Mlp mlp;
  const auto z0 = wave({3, 4});
  const auto strided = wave({3, 4}).t().contiguous().t();
  EXPECT_LE(gap(differentiate({mlp.dynamics(), {strided}, 0, 2}, options), differentiate({mlp.dynamics(), {z0}, 0, 2}, options)), rounding);
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const Mlp narrow(dtype);
    const auto state = solve_plainly({narrow.dynamics(), {z0.to(dtype)}, 0, 2}, options).states[0];
    EXPECT_EQ(state.scalar_type(), dtype);
    EXPECT_LE(gap(state.to(at::kDouble), solve_plainly({mlp.dynamics(), {z0}, 0, 2}, options).states[0]), dtype == at::kFloat ? 1e-2 : 0.2);
  }
}

TEST(PerSampleSteps, OfNoTimeAndOfNoSamplesGiveTheStateBack) {
  const auto options = per_sample(SolverKind::dopri5, adaptive_steps(1e-3, 1e-3, GradientKind::pnode));
  EXPECT_TRUE(identical(solve_plainly({van_der_pol(), {starts_of({1, 5})}, 1, 1}, options).states[0], starts_of({1, 5})));
  const auto empty = solve_plainly({van_der_pol(), {at::zeros({0, 3}, at::kDouble)}, 0, 1}, options);
  EXPECT_EQ(empty.states[0].numel(), 0);
  EXPECT_EQ(empty.outcome->reached, 1);
}

TEST(PerSampleFailure, NamesTheSample) {
  const auto f =
      dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0] * z[0]}; });  // from z0 > 0, infinite at 1 / z0
  const auto z0 = at::tensor({0.1, 2.0, 0.2}, at::kDouble);
  auto options = per_sample(SolverKind::dopri5, adaptive_steps(1e-4, 1e-4, GradientKind::none));
  options.steps.max_steps = 20;
  EXPECT_THAT(error_text(Status::step_limit, [&] { solve_plainly({f, {z0}}, options); }), HasSubstr("sample 1"));
  options.steps.max_steps = 100000;
  EXPECT_THAT(error_text(Status::step_size_underflow, [&] { solve_plainly({f, {z0}}, options); }), HasSubstr("sample 1"));
  const auto root = dynamics([](const at::Tensor& t, const TensorList& z) { return TensorList{(z[0] - t).sqrt()}; });
  EXPECT_THAT(error_text(Status::non_finite,
                         [&] {
                           solve_plainly({root, {at::tensor({3.0, 0.01}, at::kDouble)}, 0, 4}, options);
                         }),
              HasSubstr("sample 1"));
  EXPECT_THAT(error_text(Status::non_finite,
                         [&] {
                           solve_plainly({f, {at::tensor({1.0, NAN}, at::kDouble)}}, options);
                         }),
              HasSubstr("z0[0] has infinite or NaN elements in sample 1"));
}

TEST(PerSampleFailure, AsAValueLeavesTheTimesThatEachSampleDidNotReachEmpty) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0] * z[0]}; });
  const Ode ode{f, {at::tensor({0.1, 2.0, 0.2}, at::kDouble)}, 0, 1, {0.25, 1}};
  for (const auto gradient : {GradientKind::none, GradientKind::backprop}) {
    auto options = per_sample(SolverKind::dopri5, adaptive_steps(1e-4, 1e-4, gradient));
    options.failure = FailureKind::value;
    const auto solution = solve_plainly(ode, options);
    EXPECT_EQ(solution.outcome->status, Status::step_size_underflow);
    EXPECT_NEAR(solution.outcome->reached, 0.5, 1e-2);
    EXPECT_TRUE(solution.states[0][0].isfinite().all().item<bool>());
    EXPECT_TRUE(solution.states[0][1][1].isnan().item<bool>());
    EXPECT_TRUE(solution.states[0][1][0].isfinite().item<bool>());
    EXPECT_NEAR(solution.states[0][1][2].item<double>(), 1 / (1 / 0.2 - 1), 1e-3);
  }
}

TEST(PerSampleOptions, ThatDoNotFitAreRefused) {
  const auto good = per_sample(SolverKind::dopri5, adaptive_steps(1e-3, 1e-3, GradientKind::pnode));
  const auto refused = [&](const std::function<void(SolveOptions&)>& change) {
    auto options = good;
    change(options);
    return error_text(Status::invalid_argument, [&] { check(options); });
  };
  EXPECT_NO_THROW(check(good));
  EXPECT_THAT(refused([](auto& options) { options.steps.step_size = 0.1; }), HasSubstr("per_sample: fixed steps"));
  EXPECT_THAT(refused([](auto& options) { options.gradient = GradientKind::adjoint; }),
              HasSubstr("per_sample: the gradient methods adjoint"));
  EXPECT_THAT(refused([](auto& options) { options.gradient = GradientKind::reversible; }), HasSubstr("per_sample"));
  EXPECT_THAT(refused([](auto& options) { options.coupling = 0.9; }), HasSubstr("per_sample: coupling"));
  EXPECT_THAT(refused([](auto& options) { options.dense_output = true; }), HasSubstr("land on t_eval"));
  EXPECT_THAT(refused([](auto& options) { options.checkpoint_stages = true; }), HasSubstr("checkpoint_stages"));
  EXPECT_THAT(refused([](auto& options) {
                options.solver = SolverKind::alf;
                options.gradient = GradientKind::mali;
                options.reversal = ReversalKind::exact;
              }),
              HasSubstr("per_sample: reversal exact"));
  for (const auto solver : {SolverKind::trbdf2, SolverKind::reversible_heun})
    EXPECT_THAT(refused([&](auto& options) { options.solver = solver; }), HasSubstr("per_sample: solver"));
}

TEST(PerSampleOptions, AStateWithoutOneBatchIsRefused) {
  const auto options = per_sample(SolverKind::dopri5, adaptive_steps(1e-3, 1e-3, GradientKind::none));
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return z; });
  for (const auto gradient : {GradientKind::none, GradientKind::backprop, GradientKind::pnode}) {
    auto of = options;
    of.gradient = gradient;
    EXPECT_THAT(error_text(Status::invalid_argument, [&] { solve_plainly({f, {wave({3, 2}), wave({2, 3})}}, of); }), HasSubstr("z0[1]"));
    EXPECT_THAT(error_text(Status::invalid_argument,
                           [&] {
                             solve_plainly({f, {at::ones({}, at::kDouble)}}, of);
                           }),
                HasSubstr("no dimensions"));
  }
}

}  // namespace
}  // namespace neuralode::testing
