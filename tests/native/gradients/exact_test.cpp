// Exact reversal: z0 and v0 come back to the bit.
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

#include "dynamics/callback_dynamics.h"
#include "solvers/alf.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

SolveOptions exactly(SolveOptions options) {
  options.reversal = ReversalKind::exact;
  return options;
}

/// Steps forward over `grid` and back in exact arithmetic, and compares bits with where it started. merged: the tail of each step and the
/// head of the next in one pass.
void expect_round_trip(Dynamics& f, const at::Tensor& z0, const std::vector<Grid::Step>& grid, bool merged) {
  SCOPED_TRACE(merged ? "merged" : "step by step");
  const at::NoGradGuard not_recording;
  RandomReplay random(at::kCPU);
  Lattice lattice;
  const auto arithmetic = make_lattice_alf(lattice, 10);
  SweepNeeds needs;
  needs.every_state = !merged;
  AlfStepper stepper(f, random, *arithmetic, grid.front().t, {z0}, needs, {});
  const auto start = copy_of(stepper.state());
  for (const auto& step : grid) {
    stepper.attempt(step.t, step.h, &step == &grid.back() ? 0 : -1);
    stepper.require_acceptable();
    stepper.accept();
  }
  const auto end = copy_of(stepper.state());
  EXPECT_FALSE(end.z[0].equal(start.z[0]));
  AlfInverse reverse(f, random, *arithmetic, end, {}, false);
  for (auto step = grid.rbegin(); step != grid.rend(); ++step)
    reverse.step(*step, false, nullptr, merged && step + 1 != grid.rend() ? &*(step + 1) : nullptr);
  EXPECT_TRUE(identical(reverse.state().z[0], start.z[0]));
  EXPECT_TRUE(identical(reverse.state().v[0], start.v[0]));
  EXPECT_TRUE(identical(arithmetic->z_of(reverse.state())[0], z0));
}
void expect_round_trip(Dynamics& f, const at::Tensor& z0, const std::vector<Grid::Step>& grid) {
  expect_round_trip(f, z0, grid, /*merged=*/false);
  expect_round_trip(f, z0, grid, /*merged=*/true);
}

std::vector<Grid::Step> fixed_grid(int count, double h) {
  std::vector<Grid::Step> grid;
  for (int i = 0; i < count; ++i) grid.push_back({i * h, h, i + 1, -1});
  return grid;
}

class ExactReversal : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  at::ScalarType dtype() const { return GetParam(); }
};

TEST_P(ExactReversal, RestoresAnMlpsStartToTheBitAfterTenThousandSteps) {
  const Mlp mlp(dtype());
  expect_round_trip(*mlp.dynamics(), wave({3, 4}, 0.7, 1, dtype()), fixed_grid(10000, 0.001));
}

TEST_P(ExactReversal, RestoresAContractionsStartToTheBitAfterTenThousandSteps) {
  // In floating point these dynamics are lost within a hundred steps.
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].sin() - 3 * z[0]}; });
  expect_round_trip(*f, wave({20}, 0.7, 1, dtype()), fixed_grid(10000, 0.001));
}

TEST_P(ExactReversal, RestoresAConvolutionWithBatchNormsStartToTheBitAfterTenThousandSteps) {
  torch::manual_seed(3);
  torch::nn::Sequential module(torch::nn::Conv2d(torch::nn::Conv2dOptions(2, 2, 3).padding(1)), torch::nn::BatchNorm2d(2));
  module->to(dtype());
  ModuleDynamics f(module.ptr(), [module](const at::Tensor&, const TensorList& z) mutable { return TensorList{module->forward(z[0])}; });
  expect_round_trip(f, wave({3, 2, 4, 4}, 0.7, 1, dtype()), fixed_grid(10000, 0.001));
}

TEST_P(ExactReversal, RestoresTheStartOfCallbackDynamicsToTheBitAfterTenThousandSteps) {
  // cos(z) + t, with its pullback by hand.
  const auto eval = [](const at::Tensor& t, const TensorList& z) { return TensorList{z[0].cos() + t}; };
  const auto f = std::make_shared<CallbackDynamics>(
      eval,
      [eval](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t) {
        return std::make_pair(eval(t, z), InputCotangents{a_u[0].sum(), {-z[0].sin() * a_u[0]}, {}});
      },
      TensorList{}, TensorList{});
  expect_round_trip(*f, wave({3, 4}, 0.7, 1, dtype()), fixed_grid(10000, 0.001));
}

TEST_P(ExactReversal, RestoresTheStartToTheBitOverTenThousandRecordedAdaptiveSteps) {
  const Mlp mlp(dtype());
  auto options = exactly(adaptive_steps(1e-9, 1e-9));
  const auto solution = solve_plainly({mlp.dynamics(), {wave({3, 4}, 0.7, 1, dtype())}, 0, dtype() == at::kFloat ? 3.0 : 1.0}, options);
  EXPECT_GE(solution.statistics->steps_accepted, 10000);
  expect_round_trip(*mlp.dynamics(), wave({3, 4}, 0.7, 1, dtype()), solution.grid->steps);
  loss_of(solution.states).backward();
  EXPECT_EQ(solution.statistics->reconstruction_error, 0);
}

TEST_P(ExactReversal, RestoresStatesOfVeryDifferentSizesToTheBit) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].cos()}; });
  const auto z0 = at::tensor({1e-30, -3.0e-9, 0.1, 1.0, 1234.5678, 0.0}, at::kDouble).to(dtype());
  expect_round_trip(*f, z0, fixed_grid(1000, 0.01));
}

TEST_P(ExactReversal, HasBackpropsGradients) {
  const Mlp mlp(dtype());
  const Ode ode{mlp.dynamics(), {wave({3, 4}, 0, 1, dtype())}, 0, 1, {0.25, 0.6, 1}};
  const auto exact = differentiate(ode, exactly(fixed_steps(0.01))),
             backprop = differentiate(ode, fixed_steps(0.01, 1, GradientKind::backprop));
  EXPECT_EQ(exact.statistics.reconstruction_error, 0);
  EXPECT_EQ(exact.statistics.nfe_backward, 101);
  // Some hundred roundings; in float64 the lattice's quantum, 2^-48 of the data, is the larger part.
  EXPECT_LE(gap(exact, backprop), dtype() == at::kFloat ? 1e-5 : 1e-11);
}

TEST_P(ExactReversal, HasBackpropsGradientsAfterALongContraction) {
  const auto w = wave({4, 4}, 0.3, 0.5, dtype()).requires_grad_();
  const auto f = dynamics([w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh() - z[0]}; }, {w});
  const Ode ode{f, {wave({3, 4}, 0.2, 1, dtype())}, 0, 10};
  const auto exact = differentiate(ode, exactly(fixed_steps(0.1)));
  EXPECT_EQ(exact.statistics.reconstruction_error, 0);
  EXPECT_LE(gap(exact, differentiate(ode, fixed_steps(0.1, 1, GradientKind::backprop))), dtype() == at::kFloat ? 1e-4 : 1e-11);
}

TEST_P(ExactReversal, HoldsForTuplesOfDifferentScalesAndZeros) {
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) {
    return TensorList{z[1].sum() * 1e-3 - z[0], z[0].sin() * 1e3, t * z[2] + 1};
  });
  const Ode ode{f, {wave({4}, 0, 1, dtype()), wave({4}, 1, 1e3, dtype()), at::zeros({2}, dtype())}, 0, 1};
  const auto exact = differentiate(ode, exactly(fixed_steps(0.01)));
  EXPECT_EQ(exact.statistics.reconstruction_error, 0);
  EXPECT_LE(gap(exact, differentiate(ode, fixed_steps(0.01, 1, GradientKind::backprop))), dtype() == at::kFloat ? 1e-4 : 1e-10);
}

INSTANTIATE_TEST_SUITE_P(Dtypes, ExactReversal, ::testing::Values(at::kFloat, at::kDouble),
                         [](const auto& info) { return std::string(info.param == at::kFloat ? "Float32" : "Float64"); });

TEST(ExactReversalOf, StatesInOtherLayoutsIsExact) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0].sin().contiguous()}; });
  for (const auto& z0 : {wave({2, 3, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast), wave({4, 6}).t(), wave({8, 4}).slice(0, 0, 8, 2),
                         wave({1, 4}).expand({3, 4})}) {
    const auto exact = differentiate({f, {z0}}, exactly(fixed_steps(0.05)));
    EXPECT_EQ(exact.statistics.reconstruction_error, 0);
    EXPECT_LE(gap(exact, differentiate({f, {z0}}, fixed_steps(0.05, 1, GradientKind::backprop))), 1e-11);
  }
}

TEST(ExactReversalOf, BackwardTimeIsExact) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 1, -0.5};
  const auto exact = differentiate(ode, exactly(fixed_steps(0.01)));
  EXPECT_EQ(exact.statistics.reconstruction_error, 0);
  EXPECT_LE(gap(exact, differentiate(ode, fixed_steps(0.01, 1, GradientKind::backprop))), 1e-11);
}

TEST(ExactReversalOf, AnInputChangedInPlaceAfterwardsIsStillExact) {
  const Mlp mlp;
  auto z0 = wave({3, 4});
  const auto solution = solve_plainly({mlp.dynamics(), {z0}}, exactly(fixed_steps(0.1)));
  z0.zero_();
  loss_of(solution.states).backward();
  EXPECT_EQ(solution.statistics->reconstruction_error, 0);
}

TEST(ExactReversalOf, DynamicsThatAreNotDeterministicSaysSo) {
  int calls = 0;
  const auto f = dynamics([&calls](const at::Tensor&, const TensorList& z) { return TensorList{z[0].sin() + 1e-12 * ++calls}; });
  const auto z0 = wave({4}).requires_grad_();
  const auto solution = solve_plainly({f, {z0}}, exactly(fixed_steps(0.1)));
  loss_of(solution.states).backward();
  EXPECT_GT(solution.statistics->reconstruction_error, 0);
  EXPECT_THAT(solution.outcome->text, HasSubstr("deterministic"));
  EXPECT_EQ(solution.outcome->status, Status::ok);  // within the tolerance
}

TEST(ExactReversalOf, DynamicsThatAreFarFromDeterministicIsAnError) {
  int calls = 0;
  const auto f = dynamics([&calls](const at::Tensor&, const TensorList& z) { return TensorList{z[0].sin() + 0.1 * ++calls}; });
  const auto z0 = wave({4}).requires_grad_();
  const auto solution = solve_plainly({f, {z0}}, exactly(fixed_steps(0.1)));
  EXPECT_THAT(error_text(Status::drift, [&] { loss_of(solution.states).backward(); }), HasSubstr("deterministic"));
}

TEST(ExactReversalOf, AStateThatOutgrowsItsNumbersIsAnErrorWithStepAndTime) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{10 * z[0]}; });
  EXPECT_THAT(error_text(Status::lattice_overflow,
                         [&] {
                           solve_plainly({f, {wave({4})}, 0, 10}, exactly(fixed_steps(0.01)));
                         }),
              AllOf(HasSubstr("at step"), HasSubstr("t = "), HasSubstr("reversal float")));
}

TEST(ExactReversalOf, DropoutReplaysItsMasks) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{at::dropout(z[0], 0.3, true)}; });
  EXPECT_EQ(differentiate({f, {wave({40})}}, exactly(fixed_steps(0.01))).statistics.reconstruction_error, 0);
}

TEST(ExactReversalOf, SnapshotsAreCheckedToTheBitToo) {
  const Mlp mlp;
  auto options = exactly(fixed_steps(0.01));
  options.snapshots = SnapshotKind::every;
  options.snapshot_interval = 10;
  const auto statistics = differentiate({mlp.dynamics(), {wave({3, 4})}}, options).statistics;
  EXPECT_EQ(statistics.snapshots, 9);
  EXPECT_EQ(statistics.reconstruction_error, 0);
}

}  // namespace
}  // namespace neuralode::testing
