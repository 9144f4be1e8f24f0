// What is alive between and during the sweeps, counted by the allocator.
#include "tensors/memory.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <thread>
#include <vector>

#include "support/expect.h"
#include "support/ode.h"
#include "tensors/autocast.h"

namespace neuralode::testing {
namespace {

class Counted : public ::testing::Test {
 protected:
  Counted() { enable_memory_tracking(); }

  /// Peak of tensor bytes over forward and backward, above what was alive before.
  static std::int64_t peak(const Ode& ode, const SolveOptions& options) {
    differentiate(ode, options);  // makes what is made once
    const auto before = memory_counts().live_bytes;
    reset_memory_peak();
    differentiate(ode, options);
    return memory_counts().peak_bytes - before;
  }
};

Ode wide_ode(at::ScalarType dtype = at::kFloat) {
  const auto w = wave({64, 64}, 0.3, 0.1, dtype).requires_grad_();
  return {dynamics([w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh()}; }, {w}),
          {wave({256, 64}, 0.1, 1, dtype)}};
}

TEST_F(Counted, LiveBytesAreExactAndThePeakStays) {
  const auto before = memory_counts();
  reset_memory_peak();
  {
    const auto a = at::empty({1000}, at::kFloat), b = at::empty({10}, at::kDouble);
    EXPECT_EQ(memory_counts().live_bytes - before.live_bytes, 4080);
    const auto none = at::empty({0}, at::kFloat);
    EXPECT_EQ(memory_counts().live_bytes - before.live_bytes, 4080);
  }
  EXPECT_EQ(memory_counts().live_bytes, before.live_bytes);
  EXPECT_EQ(memory_counts().peak_bytes - before.live_bytes, 4080);
  reset_memory_peak();
  EXPECT_EQ(memory_counts().peak_bytes, memory_counts().live_bytes);
}

TEST_F(Counted, MemoryIsAlignedAndGrowsInPlaceOfItself) {
  auto tensor = at::ones({3}, at::kFloat);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data_ptr()) % 64, 0u);
  const auto before = memory_counts().live_bytes;
  tensor.resize_({300});
  EXPECT_EQ(memory_counts().live_bytes - before, 4 * 297);
  EXPECT_EQ(tensor[2].item<float>(), 1);
}

TEST_F(Counted, CountsAreExactAcrossThreads) {
  const auto before = memory_counts().live_bytes;
  std::vector<at::Tensor> kept(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kept.size(); ++i)
    threads.emplace_back([&kept, i] {
      for (int repeat = 0; repeat < 2000; ++repeat) kept[i] = at::empty({repeat % 50 + 1}, at::kFloat);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(memory_counts().live_bytes - before, 4 * 4 * 50);  // the last of each thread: 50 floats
  std::thread([&] { kept.clear(); }).join();                   // freed by another thread than made it
  EXPECT_EQ(memory_counts().live_bytes, before);
}

TEST_F(Counted, EnablingAgainChangesNothing) {
  const auto tensor = at::empty({100}, at::kFloat);
  const auto before = memory_counts().live_bytes;
  enable_memory_tracking();
  EXPECT_EQ(memory_counts().live_bytes, before);
}

TEST_F(Counted, MaliIsFlatInTheNumberOfStepsAndBackpropGrows) {
  const auto ode = wide_ode();
  const auto mali = [&](int steps) { return double(peak(ode, fixed_steps(1.0 / steps))); };
  const auto backprop = [&](int steps) { return double(peak(ode, fixed_steps(1.0 / steps, 1, GradientKind::backprop))); };
  const double few = mali(4);
  EXPECT_LE(mali(64), 1.01 * few);
  EXPECT_LE(mali(256), 1.01 * few);
  // Each recorded step keeps at least tanh's output, a state's worth: 60 more steps keep 60 more of them.
  EXPECT_GE(backprop(64) - backprop(4), 60 * 4 * 256 * 64);
}

TEST_F(Counted, MaliIsFlatWithAdaptiveStepsAndDamping) {
  auto ode = wide_ode();
  const auto few = double(peak(ode, adaptive_steps(1e-2, 1e-2)));
  EXPECT_LE(double(peak(ode, adaptive_steps(1e-6, 1e-6))), 1.01 * few);
  const auto damped = [&](int steps) {
    auto options = fixed_steps(1.0 / steps, 0.9);
    options.snapshots = SnapshotKind::none;
    options.drift_tolerance = 1e9;
    return double(peak(ode, options));
  };
  EXPECT_LE(damped(64), 1.01 * damped(4));
}

TEST_F(Counted, ExactReversalIsFlatInTheNumberOfSteps) {
  const auto exact = [&](int steps) {
    auto options = fixed_steps(1.0 / steps);
    options.reversal = ReversalKind::exact;
    return double(peak(wide_ode(), options));
  };
  EXPECT_LE(exact(256), 1.01 * exact(4));
}

TEST_F(Counted, SnapshotsCostTwoStatesEachAndSoTheReportSays) {
  const auto ode = wide_ode();
  const auto every = [&](std::int64_t interval) {
    auto options = fixed_steps(1.0 / 64);
    options.snapshots = SnapshotKind::every;
    options.snapshot_interval = interval;
    EXPECT_EQ(differentiate(ode, options).statistics.snapshot_bytes, (64 / interval - 1) * 2 * 4 * 256 * 64);
    return peak(ode, options);
  };
  EXPECT_EQ(every(4) - every(16), (15 - 3) * 2 * 4 * 256 * 64);
  EXPECT_EQ(every(1) - every(2), (63 - 31) * 2 * 4 * 256 * 64);
}

TEST_F(Counted, MaliIsFlatUnderAutocast) {
  const AutocastScope autocast({at::kCPU, true, at::kBFloat16});
  const auto ode = wide_ode();
  const auto few = double(peak(ode, fixed_steps(1.0 / 4)));
  EXPECT_LE(double(peak(ode, fixed_steps(1.0 / 64))), 1.01 * few);
}

TEST_F(Counted, ReversibleIsFlatInTheNumberOfStepsAndKeepsItsEndState) {
  const auto ode = wide_ode();
  for (const auto solver : {SolverKind::rk4, SolverKind::bosh3, SolverKind::reversible_heun}) {
    const auto steps = [&](int count) {
      auto options = fixed_steps(1.0 / count, 1, GradientKind::reversible);
      options.solver = solver;
      return options;
    };
    const double few = double(peak(ode, steps(4)));
    EXPECT_LE(double(peak(ode, steps(64))), 1.01 * few);
    EXPECT_LE(double(peak(ode, steps(256))), 1.01 * few);
    const auto z0 = ode.z0[0].clone().requires_grad_();
    const auto before = memory_counts().live_bytes;
    const auto solution = solve({ode.f, {z0}, time_of(0), time_of(1), {}, steps(64)});
    // z(t1), which the caller has anyway, and the companion, or yhat and f; the times are a few bytes.
    EXPECT_LE(memory_counts().live_bytes - before, (solver == SolverKind::reversible_heun ? 3 : 2) * 4 * 256 * 64 + 256);
  }
}

TEST_F(Counted, ATrajectoryCostsItsOutputsAndNoMore) {
  auto ode = wide_ode();
  const auto end_only = peak(ode, fixed_steps(1.0 / 64));
  for (int i = 1; i <= 8; ++i) ode.t_eval.push_back(i / 8.0);
  // The outputs, and what the loss and its gradient make of them: the wave (in float64 first), the product, two gradients.
  EXPECT_LE(peak(ode, fixed_steps(1.0 / 64)) - end_only, 8 * 4 * 256 * 64 * 8);
  EXPECT_LE(double(peak(ode, fixed_steps(1.0 / 256))), 1.01 * double(peak(ode, fixed_steps(1.0 / 8))));
}

TEST_F(Counted, BetweenTheSweepsOnlyTheEndStateIsKept) {
  const auto ode = wide_ode();
  const auto z0 = ode.z0[0].clone().requires_grad_();
  const auto before = memory_counts().live_bytes;
  const auto solution = solve({ode.f, {z0}, time_of(0), time_of(1), {}, fixed_steps(1.0 / 64)});
  // z(t1), which the caller has anyway, and v; the times are a few bytes.
  EXPECT_LE(memory_counts().live_bytes - before, 2 * 4 * 256 * 64 + 256);
}

TEST_F(Counted, AfterBackwardSnapshotsAreGoneThoughTheSolutionLives) {
  const auto ode = wide_ode();
  auto every = fixed_steps(1.0 / 16), exact = every, aca = every;
  every.snapshots = SnapshotKind::every;
  every.snapshot_interval = 1;
  exact.reversal = ReversalKind::exact;
  aca.gradient = GradientKind::aca;
  for (const auto& options : {every, exact, aca}) {
    const auto z0 = ode.z0[0].clone().requires_grad_();
    const auto before = memory_counts().live_bytes;
    const auto solution = solve({ode.f, {z0}, time_of(0), time_of(1), {}, options});
    solution.states[0].sum().backward();
    z0.mutable_grad().reset();
    EXPECT_LE(memory_counts().live_bytes - before, 4 * 256 * 64 + 4 * 64 * 64 + 256);  // z(t1), the gradient to w, scalars
  }
}

TEST_F(Counted, WithoutGradientsNothingButTheResultIsKept) {
  const auto ode = wide_ode();
  const auto before = memory_counts().live_bytes;
  const auto solution = solve_plainly(ode, fixed_steps(1.0 / 64, 1, GradientKind::none));
  EXPECT_EQ(memory_counts().live_bytes - before, 4 * 256 * 64);
  EXPECT_FALSE(solution.states[0].requires_grad());
}

#if defined(__GLIBC__)
TEST_F(Counted, TheHeapBesidesTensorsDoesNotGrowWithSolves) {
  const Ode ode{Mlp().dynamics(), {wave({3, 4})}};
  const auto solve_often = [&] {
    for (int i = 0; i < 300; ++i) differentiate(ode, fixed_steps(0.1));
  };
  solve_often();
  const auto before = mallinfo2().uordblks;
  solve_often();
  // 6600 evaluations: 10 bytes lost in each would show. (A sanitizer's heap tells nothing here, and finds leaks itself.)
  EXPECT_LT(mallinfo2().uordblks, before + 66000);
}
#endif

TEST_F(Counted, NothingIsLeftBehindBySolvesAndTheirGradients) {
  const auto ode = wide_ode();
  differentiate(ode, fixed_steps(0.25));
  const auto before = memory_counts().live_bytes;
  for (int i = 0; i < 5; ++i) differentiate(ode, fixed_steps(0.25));
  EXPECT_EQ(memory_counts().live_bytes, before);
}

}  // namespace
}  // namespace neuralode::testing
