// The autocast state of the forward sweep holds in the reverse sweep, whatever it is around them.
#include "tensors/autocast.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>

#include "support/expect.h"
#include "support/ode.h"
#include "tensors/compat.h"

namespace neuralode::testing {
namespace {

constexpr AutocastState on{at::kCPU, true, at::kBFloat16}, off{at::kCPU, false, at::kBFloat16};

/// z W, tanh; counts the dtypes of the product.
struct Counting {
  at::Tensor w = wave({16, 16}, 0.3, 0.2, at::kFloat).requires_grad_();
  std::shared_ptr<std::map<at::ScalarType, int>> seen = std::make_shared<std::map<at::ScalarType, int>>();
  std::shared_ptr<Dynamics> f() const {
    return dynamics(
        [w = w, seen = seen](const at::Tensor&, const TensorList& z) {
          const auto product = z[0].matmul(w);
          ++(*seen)[product.scalar_type()];
          return TensorList{product.tanh()};
        },
        {w});
  }
};

TEST(Autocast, BothSweepsSeeBfloat16WhenTheForwardOneDoes) {
  const Counting counting;
  const auto z0 = wave({8, 16}, 0, 1, at::kFloat).requires_grad_();
  const auto loss = [&] {
    const AutocastScope autocast(on);
    return loss_of(solve_plainly({counting.f(), {z0}}, fixed_steps(0.1)).states);
  }();
  EXPECT_EQ((*counting.seen)[at::kBFloat16], 11);
  loss.backward();  // outside of the scope
  EXPECT_EQ((*counting.seen)[at::kBFloat16], 22);
  EXPECT_EQ((*counting.seen)[at::kFloat], 0);
  EXPECT_FALSE(compat::autocast_enabled(at::kCPU));
}

TEST(Autocast, NeitherSweepSeesItWhenTheForwardOneDoesNot) {
  const Counting counting;
  const auto z0 = wave({8, 16}, 0, 1, at::kFloat).requires_grad_();
  const auto loss = loss_of(solve_plainly({counting.f(), {z0}}, fixed_steps(0.1)).states);
  {
    const AutocastScope autocast(on);
    loss.backward();
    EXPECT_TRUE(compat::autocast_enabled(at::kCPU));
  }
  EXPECT_EQ((*counting.seen)[at::kFloat], 22);
  EXPECT_EQ((*counting.seen)[at::kBFloat16], 0);
}

TEST(Autocast, CastWeightsKeptFromOutsideSwallowNoGradient) {
  const Counting counting;
  const auto z0 = wave({8, 16}, 0, 1, at::kFloat).requires_grad_();
  const AutocastScope autocast(on);
  {
    const at::NoGradGuard not_recording;
    z0.matmul(counting.w);  // keeps a cast of w that no gradient passes
  }
  loss_of(solve_plainly({counting.f(), {z0}}, fixed_steps(0.1)).states).backward();
  ASSERT_TRUE(counting.w.grad().defined());
  EXPECT_GT(counting.w.grad().abs().max().item<double>(), 1e-3);
  const auto later = z0.detach().matmul(counting.w).sum();  // nor does a cast kept from inside, afterwards
  EXPECT_TRUE(later.requires_grad());
  EXPECT_NO_THROW(torch::autograd::grad({later}, {counting.w}));
}

TEST(Autocast, GradientsAreThoseOfFloat32WithinBfloat16) {
  const Counting counting;
  const auto gradient = [&](const AutocastState& state, GradientKind kind) {
    const AutocastScope autocast(state);
    const auto z0 = wave({8, 16}, 0, 1, at::kFloat).requires_grad_();
    return torch::autograd::grad({loss_of(solve_plainly({counting.f(), {z0}}, fixed_steps(0.1, 1, kind)).states)}, {z0, counting.w});
  };
  const auto exact = gradient(off, GradientKind::mali);
  // Each of 11 products rounds its inputs and its result to 8 bits: three parts in 256, which partly cancel.
  EXPECT_LE(gap(gradient(on, GradientKind::mali), exact), 3.0 * 11 / 256);
  EXPECT_LE(gap(gradient(on, GradientKind::backprop), exact), 3.0 * 11 / 256);
}

TEST(Autocast, TheDtypeOfTheForwardSweepIsKept) {
  const auto outside = AutocastState::current(at::kCPU);
  {
    const AutocastScope autocast(on);
    EXPECT_EQ(AutocastState::current(at::kCPU).dtype, at::kBFloat16);
  }
  const auto after = AutocastState::current(at::kCPU);
  EXPECT_EQ(after.enabled, outside.enabled);
  EXPECT_EQ(after.dtype, outside.dtype);
}

TEST(Autocast, InsideFExactReversalIsExactAndSnapshotsAreRepaired) {
  // bfloat16 inside f rounds k: a state that is off by one float32 rounding may give another u, which exact reversal never sees.
  const Counting counting;
  const auto statistics = [&](ReversalKind reversal, const std::shared_ptr<Dynamics>& f) {
    const AutocastScope autocast(on);
    auto options = fixed_steps(0.01);
    options.reversal = reversal;
    return differentiate({f, {wave({8, 16}, 0, 1, at::kFloat)}, 0, 6}, options).statistics;
  };
  EXPECT_EQ(statistics(ReversalKind::exact, counting.f()).reconstruction_error, 0);
  const auto contracting = dynamics(
      [w = counting.w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh() - 2 * z[0]}; }, {counting.w});
  EXPECT_EQ(statistics(ReversalKind::exact, contracting).reconstruction_error, 0);
  const auto repaired = statistics(ReversalKind::floating, contracting);
  EXPECT_GT(repaired.steps_replayed, 0);
  EXPECT_LE(repaired.reconstruction_error, 1.0 / 128);  // bfloat16's epsilon
}

}  // namespace
}  // namespace neuralode::testing
