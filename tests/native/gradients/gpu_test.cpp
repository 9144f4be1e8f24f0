// Solves on a GPU against the same solves on the CPU.
#include <gtest/gtest.h>

#include "support/expect.h"
#include "support/on_gpu.h"

namespace neuralode::testing {
namespace {

class SolveOnGpu : public OnGpu {};

Gradients on_cpu(Gradients gradients) {
  for (auto* list : {&gradients.states, &gradients.a_z0, &gradients.a_parameters})
    for (auto& tensor : *list) tensor = tensor.detach().cpu();
  return gradients;
}

struct Pair {
  Gradients cpu, gpu;
};
/// The same problem on both devices; loss_of's waves are the CPU's, so that the cotangents are the same numbers.
Pair both(const SolveOptions& options, std::vector<double> t_eval = {}) {
  const Mlp mlp, there = on_gpu(mlp);
  const auto z0 = wave({3, 4}, 0.7);
  return {differentiate({mlp.dynamics(), {z0}, 0, 1, t_eval}, options),
          on_cpu(differentiate({there.dynamics(), {z0.to(at::kCUDA)}, 0, 1, t_eval}, options))};
}

TEST_F(SolveOnGpu, EveryMethodAgreesWithTheCpu) {
  for (int solver = 0; solver < solver_count; ++solver)
    for (const auto gradient : {GradientKind::mali, GradientKind::reversible, GradientKind::backprop, GradientKind::aca, GradientKind::anode,
                                GradientKind::pnode, GradientKind::adjoint}) {
      auto options = fixed_steps(0.1, 1, gradient);
      options.solver = static_cast<SolverKind>(solver);
      try {
        check(options);
      } catch (const Error&) {
        continue;  // not a combination
      }
      SCOPED_TRACE(::testing::Message() << traits_of(options.solver).name << ", gradient " << static_cast<int>(gradient));
      const auto pair = both(options);
      // float64; the two round sums of at most 8 terms differently in each of some 100 evaluations of slope below 2. Newton's
      // tolerance of implicit steps, epsilon^(2/3), is above that.
      EXPECT_LE(gap(pair.cpu, pair.gpu), traits_of(options.solver).implicit ? 1e-8 : 1e-12);
    }
}

TEST_F(SolveOnGpu, AdaptiveStepsAreThoseOfTheCpu) {
  for (const auto solver : {SolverKind::alf, SolverKind::dopri5}) {
    auto options = adaptive_steps(1e-6, 1e-9, solver == SolverKind::alf ? GradientKind::mali : GradientKind::pnode);
    options.solver = solver;
    const auto pair = both(options);
    EXPECT_EQ(pair.cpu.statistics.steps_accepted, pair.gpu.statistics.steps_accepted);
    EXPECT_EQ(pair.cpu.statistics.steps_rejected, pair.gpu.statistics.steps_rejected);
    EXPECT_LE(gap(pair.cpu, pair.gpu), 1e-9);  // lengths follow error norms, whose sums round differently
  }
}

TEST_F(SolveOnGpu, OutputsOnTheWayAgreeWithTheCpu) {
  const auto pair = both(fixed_steps(0.1), {0.0, 0.25, 1.0});
  EXPECT_LE(gap(pair.cpu, pair.gpu), 1e-12);
}

TEST_F(SolveOnGpu, ExactReversalComesBackToTheBit) {
  for (const auto dtype : {at::kFloat, at::kDouble, at::kBFloat16}) {
    auto options = fixed_steps(0.01);
    options.reversal = ReversalKind::exact;
    const auto there = on_gpu(Mlp(dtype));
    const auto gradients = differentiate({there.dynamics(), {wave({3, 4}, 0.7, 1, dtype).to(at::kCUDA)}, 0, 10}, options);
    EXPECT_EQ(gradients.statistics.reconstruction_error, 0) << dtype;
  }
}

TEST_F(SolveOnGpu, HalfTypesAreIntegrated) {
  for (const auto dtype : {at::kHalf, at::kBFloat16}) {
    const auto there = on_gpu(Mlp(dtype));
    const auto gradients = on_cpu(differentiate({there.dynamics(), {wave({3, 4}, 0.7, 1, dtype).to(at::kCUDA)}, 0, 1}, fixed_steps(0.25)));
    const auto exact = differentiate({Mlp().dynamics(), {wave({3, 4}, 0.7)}, 0, 1}, fixed_steps(0.25));
    // Some ten roundings of 2^-8 (2^-11) a step, four steps, slopes below 2.
    EXPECT_LE((gradients.states[0].to(at::kDouble) - exact.states[0]).abs().max().item<double>(), dtype == at::kHalf ? 0.05 : 0.4);
  }
}

TEST_F(SolveOnGpu, NamesTheQueuedStepThatFails) {
  const auto f = dynamics([](const at::Tensor& t, const TensorList& z) {
    return TensorList{at::where(t > 0.6, z[0] * std::numeric_limits<double>::infinity(), z[0])};
  });
  const auto z0 = wave({5}).to(at::kCUDA);
  const auto text = error_text(Status::non_finite, [&] { solve({f, {z0}, time_of(0), time_of(1), {}, fixed_steps(0.25)}); });
  EXPECT_NE(text.find("at step 3, t = 0.625"), std::string::npos) << text;
  const auto start = error_text(Status::non_finite, [&] { solve({f, {z0 / 0.0}, time_of(0), time_of(1), {}, fixed_steps(0.25)}); });
  EXPECT_NE(start.find("z0 has infinite"), std::string::npos) << start;
}

}  // namespace
}  // namespace neuralode::testing
