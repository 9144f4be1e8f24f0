// The tail of a step and the head of the next in one pass: the same bits as one after the other.
#include <gtest/gtest.h>

#include "support/ode.h"
#include "support/expect.h"

namespace neuralode::testing {
namespace {

/// steps: > 0 lands on the end of every step, which keeps their passes apart.
Gradients by(const Ode& ode, const SolveOptions& options, int steps) {
  Problem problem{ode.f, ode.z0, time_of(ode.t0), time_of(ode.t1), {}, options};
  std::vector<double> landings;
  for (int i = 1; i <= steps; ++i) landings.push_back(ode.t0 + (ode.t1 - ode.t0) * i / steps);
  if (steps > 0) problem.t_eval = at::tensor(landings, at::kDouble);
  for (auto& z : problem.z0) z = z.detach().requires_grad_();
  const auto solution = solve(problem);
  Gradients result;
  for (const auto& state : solution.states) result.states.push_back(steps > 0 ? state.select(0, -1) : state);
  auto inputs = problem.z0;
  const auto parameters = differentiable_parameters(*ode.f);
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  const auto gradients = torch::autograd::grad({loss_of(result.states)}, inputs);
  const auto middle = gradients.begin() + static_cast<std::ptrdiff_t>(ode.z0.size());
  result.a_z0.assign(gradients.begin(), middle);
  result.a_parameters.assign(middle, gradients.end());
  result.statistics = *solution.statistics;
  return result;
}

void expect_same_bits(const Gradients& a, const Gradients& b) {
  const auto same = [](const TensorList& left, const TensorList& right) {
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) EXPECT_TRUE(left[i].equal(right[i])) << i;
  };
  same(a.states, b.states);
  same(a.a_z0, b.a_z0);
  same(a.a_parameters, b.a_parameters);
  EXPECT_EQ(a.statistics.nfe_forward, b.statistics.nfe_forward);
  EXPECT_EQ(a.statistics.nfe_backward, b.statistics.nfe_backward);
}

// 2^-3: t and h of every step are the same numbers whether it lands or not. eta = 1: a_u / 2 is s to the bit.
TEST(MergedSteps, GiveTheBitsOfSeparateOnes) {
  for (const auto dtype : {at::kFloat, at::kDouble, at::kBFloat16})
    for (const auto reversal : {ReversalKind::floating, ReversalKind::exact})
      for (const double t1 : {1.0, -1.0}) {
        SCOPED_TRACE(::testing::Message() << dtype << (reversal == ReversalKind::exact ? ", exact" : ", float") << ", to " << t1);
        const Mlp mlp(dtype);
        auto options = fixed_steps(0.125);
        options.reversal = reversal;
        options.snapshots = SnapshotKind::none;
        options.drift_tolerance = 1e30;
        const Ode ode{mlp.dynamics(), {wave({3, 4}, 0.7, 1, dtype)}, 0, t1};
        expect_same_bits(by(ode, options, 0), by(ode, options, 8));
      }
}

// f(t, z) = z gives out the very tensor that it was given, whose memory the next step must not write over.
TEST(MergedSteps, LeaveWhatFGaveOutAlone) {
  TensorList seen;
  const auto f = dynamics([&](const at::Tensor&, const TensorList& z) {
    seen.push_back(z[0]);
    return z;
  });
  const auto z0 = wave({5});
  const at::NoGradGuard not_recording;
  const auto states = solve({f, {z0}, time_of(0), time_of(1), {}, fixed_steps(0.25, 1, GradientKind::none)}).states;
  auto z = z0.clone(), v = z0.clone();
  ASSERT_EQ(seen.size(), 5u);
  for (int i = 0; i < 4; ++i) {
    const auto k = z + 0.125 * v;
    EXPECT_LE((seen[static_cast<std::size_t>(i) + 1] - k).abs().max().item<double>(), 1e-15) << "step " << i;
    v = 2 * k - v;
    z = k + 0.125 * v;
  }
  EXPECT_LE((states[0] - z).abs().max().item<double>(), 1e-15);
}

TEST(MergedSteps, NameTheStepThatFails) {
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) {
    return TensorList{t.item<double>() > 0.6 ? z[0] * std::numeric_limits<double>::infinity() : z[0]};
  });
  const auto text = error_text(Status::non_finite, [&] { solve({f, {wave({5})}, time_of(0), time_of(1), {}, fixed_steps(0.25)}); });
  EXPECT_NE(text.find("at step 3, t = 0.625"), std::string::npos) << text;  // [0.5, 0.75]
}

}  // namespace
}  // namespace neuralode::testing
