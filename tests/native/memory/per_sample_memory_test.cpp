// What is alive during sweeps with steps per sample, counted by the allocator.
#include <gtest/gtest.h>

#include "support/per_sample.h"
#include "tensors/memory.h"

namespace neuralode::testing {
namespace {

/// Peak of tensor bytes over forward and backward, above what was alive before. state: bytes of one z.
struct Peak {
  double bytes;
  std::int64_t steps;
};

Peak peak(SolverKind solver, GradientKind gradient, double rtol, std::int64_t checkpoints = 0) {
  enable_memory_tracking();
  const auto w = wave({64, 64}, 0.3, 0.1).requires_grad_();
  const Ode ode{dynamics([w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh()}; }, {w}),
                {wave({32, 64}, 0.1) * at::arange(1, 33, at::kDouble).unsqueeze(1) / 8}};
  auto options = per_sample(solver, adaptive_steps(rtol, rtol, gradient));
  options.checkpoints = checkpoints;
  differentiate(ode, options);  // makes what is made once
  const auto before = memory_counts().live_bytes;
  reset_memory_peak();
  const auto statistics = differentiate(ode, options).statistics;
  return {double(memory_counts().peak_bytes - before), statistics.steps_accepted};
}

TEST(PerSampleMemory, OfMaliIsFlatInTheNumberOfSteps) {
  const auto few = peak(SolverKind::alf, GradientKind::mali, 1e-2), many = peak(SolverKind::alf, GradientKind::mali, 1e-6);
  EXPECT_GT(many.steps, 10 * few.steps);
  EXPECT_LE(many.bytes, 1.01 * few.bytes);
}

TEST(PerSampleMemory, OfPnodeIsBoundedByItsBudgetWhereAcaGrows) {
  const auto few = peak(SolverKind::bosh3, GradientKind::pnode, 1e-3, 2), many = peak(SolverKind::bosh3, GradientKind::pnode, 1e-9, 2);
  const auto all = peak(SolverKind::bosh3, GradientKind::aca, 1e-9);
  EXPECT_GT(many.steps, 10 * few.steps);
  constexpr double state = 32 * 64 * 8;
  EXPECT_LE(many.bytes, few.bytes + 3 * 2 * state);  // the budget's (z, v) and those at work
  EXPECT_GT(all.bytes, many.bytes + 20 * state);
}

}  // namespace
}  // namespace neuralode::testing
