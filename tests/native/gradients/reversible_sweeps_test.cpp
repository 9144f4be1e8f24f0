// The gradient method `reversible`: oracles written out, snapshots and drift.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "support/expect.h"
#include "support/reversible.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

constexpr double double_epsilon = std::numeric_limits<double>::epsilon();

/// A step written out: (y, its companion, f) from t over h.
using Step = std::function<void(const Mlp& f, const at::Tensor& t, const at::Tensor& h, TensorList& state)>;

Gradients written_out(const Mlp& f, const Step& step) {
  const auto z0 = wave({3, 4}).requires_grad_(), t0 = time_of(0.1, true), t1 = time_of(1, true);
  TensorList state{z0, z0, f(t0, z0)};
  for (int i = 0; i < 3; ++i) step(f, t0 + i * 0.25, time_of(0.25), state);
  step(f, t0 + 0.75, t1 - (t0 + 0.75), state);
  Gradients result;
  result.states = {state[0].detach()};
  TensorList inputs{z0, t0, t1};
  const auto parameters = f.parameters();
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  const auto all = torch::autograd::grad({loss_of({state[0]})}, inputs);
  result.a_z0 = {all[0]};
  result.a_t0 = all[1];
  result.a_t1 = all[2];
  result.a_parameters.assign(all.begin() + 3, all.end());
  return result;
}

TEST(Reversible, CoupledMidpointIsWhatItsFormulasSay) {
  const Mlp mlp;
  const double c = 0.9;
  const auto increment = [](const Mlp& f, const at::Tensor& t, const at::Tensor& h, const at::Tensor& z) {
    return h * f(t + h / 2, z + h / 2 * f(t, z));
  };
  const auto expected = written_out(mlp, [&](const Mlp& f, const at::Tensor& t, const at::Tensor& h, TensorList& state) {
    const auto y = c * state[0] + (1 - c) * state[1] + increment(f, t, h, state[1]);
    state = {y, state[1] - increment(f, t + h, -h, y), {}};
  });
  const auto found = differentiate({mlp.dynamics(), {wave({3, 4})}, 0.1, 1}, with({SolverKind::midpoint, c}, fixed_steps(0.25)));
  EXPECT_LE(gap(found, expected), 1e-13);  // 16 evaluations of slope near 1
}

TEST(Reversible, HeunIsWhatItsFormulasSay) {
  const Mlp mlp;
  const auto expected = written_out(mlp, [](const Mlp& f, const at::Tensor& t, const at::Tensor& h, TensorList& state) {
    const auto hat = 2 * state[0] - state[1] + h * state[2], slope = f(t + h, hat);
    state = {state[0] + h / 2 * (state[2] + slope), hat, slope};
  });
  const auto found = differentiate({mlp.dynamics(), {wave({3, 4})}, 0.1, 1}, with({SolverKind::reversible_heun}, fixed_steps(0.25)));
  EXPECT_LE(gap(found, expected), 1e-13);
}

TEST(Reversible, CouplesExplicitMethodsByItself) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}};
  auto options = with({SolverKind::rk4}, fixed_steps(0.1));
  const auto stated = differentiate(ode, options);
  options.coupling = 0;
  EXPECT_TRUE(identical(differentiate(ode, options).a_z0[0], stated.a_z0[0]));
}

TEST(Reversible, WithSnapshotsOfEveryStepHasBackpropsGradientsToRoundingWhateverTheCoupling) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}, 0, 1, {0.25, 0.6, 1}};
  for (const ReversibleMethod& method :
       {ReversibleMethod{SolverKind::rk4, 1}, {SolverKind::rk4, 0.9}, {SolverKind::rk4, 0.3}, {SolverKind::reversible_heun}}) {
    const auto found = differentiate(ode, kept_by(method, SnapshotKind::every, 0.01, 1));
    const auto expected = differentiate(ode, with(method, fixed_steps(0.01), GradientKind::backprop));
    EXPECT_LE(gap(found, expected), 3000 * double_epsilon);  // a hundred steps of some thirty roundings each
    EXPECT_EQ(found.statistics.snapshots, 99);
    EXPECT_EQ(found.statistics.reconstruction_error, 0);
  }
}

TEST(Reversible, SnapshotsHoldTheWholeStateAndCostNoEvaluation) {
  const Mlp mlp;
  for (const auto& method : reversible_methods) {
    const Ode ode{mlp.dynamics(), {wave({3, 4})}};
    const auto none = differentiate(ode, kept_by(method, SnapshotKind::none, 0.1)).statistics;
    const auto some = differentiate(ode, kept_by(method, SnapshotKind::every, 0.1, 3)).statistics;
    EXPECT_EQ(some.snapshots, 3);
    EXPECT_EQ(some.snapshot_bytes, 3 * (method.solver == SolverKind::reversible_heun ? 3 : 2) * 12 * 8);
    EXPECT_EQ(some.nfe_backward, none.nfe_backward);
    EXPECT_GT(some.reconstruction_error, 0);
  }
}

TEST(Reversible, ADampedCouplingIsPlannedForOrRefused) {
  const Mlp mlp;
  const Ode ode{mlp.dynamics(), {wave({3, 4})}};
  const ReversibleMethod damped{SolverKind::heun, 0.5};
  const auto automatic = differentiate(ode, kept_by(damped, SnapshotKind::automatic, 0.01));
  EXPECT_GT(automatic.statistics.snapshots, 2);  // 2^K epsilon <= 1e-9: K of about 20
  EXPECT_LE(gap(automatic, differentiate(ode, with(damped, fixed_steps(0.01), GradientKind::backprop))), 1e-8);  // the threshold is 1.5e-9
  EXPECT_THAT(error_text(Status::drift, [&] { differentiate(ode, kept_by(damped, SnapshotKind::none, 0.01)); }),
              HasSubstr("bring coupling = 0.5 closer to 1"));
}

/// max |a - b| / max |b|.
double relative(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item<double>() / b.abs().max().item<double>();
}

// float32, 100 steps of a contracting f (rate 2 and more) over T; relative errors of dL/dtheta and dL/dz0 against float64 backprop through
// the same steps, measured:
//                          T = 2, none      automatic          T = 10, none   automatic
//   rk4, c = 0.999         1e-5, 3e-5       the same           (the solution itself explodes: |h df/dz| > 1 - c)
//   rk4, c = 0.9           5e-5, 5e-6       8e-7, 4e-7         likewise
//   rk4, c = 0.7           2, 0.6           9e-7, 8e-7         4e-3, 4e-3     7e-7, 8e-7
//   reversible-heun        5e-7, 4e-7       the same           1, 3           1e-5, 6e-6
TEST(Reversible, HasGradientsToFloat32sAccuracyOverAHundredStepsOfAContractingF) {
  struct Run {
    ReversibleMethod method;
    double t1;
    bool keeps;  ///< whether states have to be kept for it
  };
  for (const auto& [method, t1, keeps] :
       {Run{{SolverKind::rk4, 0.999}, 2, false}, Run{{SolverKind::rk4, 0.9}, 2, true}, Run{{SolverKind::rk4, 0.7}, 10, true},
        Run{{SolverKind::reversible_heun}, 2, false}, Run{{SolverKind::reversible_heun}, 10, true}}) {
    auto narrow = long_contraction(at::kFloat), wide = long_contraction(at::kDouble);
    narrow.t1 = wide.t1 = t1;
    const auto found = differentiate(narrow, kept_by(method, SnapshotKind::automatic, t1 / 100));
    const auto exact = differentiate(wide, with(method, fixed_steps(t1 / 100), GradientKind::backprop));
    // drift_tolerance, which bounds the states that the gradients are made of.
    EXPECT_LE(relative(found.a_parameters[0], exact.a_parameters[0]), 3.5e-4);
    EXPECT_LE(relative(found.a_z0[0], exact.a_z0[0]), 3.5e-4);
    EXPECT_LE(found.statistics.reconstruction_error, 3.5e-4);
    EXPECT_EQ(found.statistics.snapshots > 0, keeps);
  }
}

TEST(Reversible, DoesNotTakeAStateThatStartsAtZeroForDrift) {
  const Mlp mlp(at::kFloat);
  // The second state, of order 1e4 at the end, is zero at t0: what it is off by then is small beside what f moves it by.
  const auto f = dynamics(
      [mlp](const at::Tensor& t, const TensorList& z) {
        return TensorList{mlp(t, z[0]), 1e4 * (1 + z[0].square().sum(1))};
      },
      mlp.parameters());
  const Ode ode{f, {wave({3, 4}, 0, 1, at::kFloat), at::zeros({3}, at::kFloat)}};
  for (const auto& method : reversible_methods) {
    const auto statistics = differentiate(ode, kept_by(method, SnapshotKind::automatic, 0.05)).statistics;
    EXPECT_EQ(statistics.snapshots, 0);
    EXPECT_EQ(statistics.steps_replayed, 0);
    EXPECT_LE(statistics.reconstruction_error, 3.5e-5);
  }
}

}  // namespace
}  // namespace neuralode::testing
