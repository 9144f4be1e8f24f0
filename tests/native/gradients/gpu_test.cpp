// Solves on a GPU against the same solves on the CPU, and CUDA graphs against the sweeps that they recorded.
#include <gtest/gtest.h>
#if defined(NEURALODE_CUDA)
#include <c10/cuda/CUDACachingAllocator.h>
#endif

#include <cstdlib>

#include "dynamics/mlp_dynamics.h"
#include "support/expect.h"
#include "support/gpu.h"
#include "support/ode.h"
#include "tensors/autocast.h"

namespace neuralode::testing {
namespace {

class SolveOnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_gpu()) GTEST_SKIP() << needs_a_gpu();
  }
};

Mlp on_gpu(Mlp mlp) {
  for (auto* parameter : {&mlp.w1, &mlp.b, &mlp.c, &mlp.w2}) *parameter = parameter->detach().to(at::kCUDA).requires_grad_();
  return mlp;
}

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

/// A built-in MLP 4-8-4 without time.
std::shared_ptr<Dynamics> graph_mlp(at::ScalarType dtype = at::kFloat) {
  const auto weight = [&](at::IntArrayRef sizes, double phase) {
    return wave(sizes, phase, 0.4, dtype).to(at::kCUDA).requires_grad_();
  };
  return std::make_shared<MlpDynamics>(TensorList{weight({8, 4}, 1), weight({4, 8}, 2)}, TensorList{weight({8}, 3), weight({4}, 4)}, false);
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

/// Fixed steps of h with graphs.
SolveOptions recorded_steps(double h) {
  auto options = fixed_steps(h);
  options.graphs = GraphKind::automatic;
  return options;
}

class GraphsOnGpu : public SolveOnGpu {
 protected:
  void SetUp() override {
    SolveOnGpu::SetUp();
    if (std::getenv("PYTORCH_NO_CUDA_MEMORY_CACHING") != nullptr) GTEST_SKIP() << "needs libtorch's caching of GPU memory";
  }
};

struct Trained {
  at::Tensor state, a_z0;
  TensorList a_parameters;
  std::string forward, backward;
};
Trained step(const std::shared_ptr<Dynamics>& f, const at::Tensor& z0, const SolveOptions& options) {
  const auto z = z0.detach().requires_grad_();
  const auto solution = solve({f, {z}, time_of(0), time_of(1), {}, options});
  auto inputs = differentiable_parameters(*f);
  inputs.push_back(z);
  auto gradients = torch::autograd::grad({solution.states[0].square().sum()}, inputs);
  const auto a_z0 = gradients.back();
  gradients.pop_back();
  return {solution.states[0].detach(), a_z0, gradients, solution.statistics->graph_forward, solution.statistics->graph_backward};
}

void expect_same(const Trained& a, const Trained& b) {
  EXPECT_TRUE(a.state.equal(b.state));
  EXPECT_TRUE(a.a_z0.equal(b.a_z0));
  for (std::size_t i = 0; i < a.a_parameters.size(); ++i) EXPECT_TRUE(a.a_parameters[i].equal(b.a_parameters[i])) << i;
}

TEST_F(GraphsOnGpu, GraphsAreReplayedAndGiveTheSameNumbers) {
  const auto f = graph_mlp();
  auto options = recorded_steps(0.05);
  auto eager = options;
  eager.graphs = GraphKind::off;
  for (int i = 0; i < 6; ++i) {
    const auto z0 = wave({32, 4}, 0.1 * i, 1, at::kFloat).to(at::kCUDA);
    const auto by_graph = step(f, z0, options), by_hand = step(f, z0, eager);
    SCOPED_TRACE(::testing::Message() << "solve " << i << ": " << by_graph.forward << ", " << by_graph.backward);
    EXPECT_EQ(by_graph.forward == "replayed" || by_graph.forward == "recorded", i >= 2);
    EXPECT_EQ(by_graph.backward == "replayed" || by_graph.backward == "recorded", i >= 2);
    expect_same(by_graph, by_hand);
    const at::NoGradGuard not_recording;  // as an optimiser does: in place
    const auto parameters = f->parameters();
    for (std::size_t j = 0; j < parameters.size(); ++j) parameters[j].second.sub_(by_graph.a_parameters[j], 0.01);
  }
}

TEST_F(GraphsOnGpu, AnotherShapeHasAnotherGraph) {
  const auto f = graph_mlp();
  const auto options = recorded_steps(0.05);
  for (int i = 0; i < 4; ++i)
    for (const std::int64_t rows : {8, 32})
      EXPECT_EQ(step(f, wave({rows, 4}, 0, 1, at::kFloat).to(at::kCUDA), options).forward, i < 2 ? "made step by step before it is recorded"
                                                                                            : i == 2 ? "recorded" : "replayed");
}

TEST_F(GraphsOnGpu, WhatCannotBeRecordedSaysWhy) {
  auto options = recorded_steps(0.25);
  const auto there = on_gpu(Mlp());
  const auto z0 = wave({3, 4}).to(at::kCUDA);
  EXPECT_NE(step(there.dynamics(), z0, options).forward.find("f is a callback"), std::string::npos);
  options.graphs = GraphKind::required;
  const auto text = error_text(Status::unsupported, [&] { step(there.dynamics(), z0, options); });
  EXPECT_NE(text.find("graphs: required, but f is a callback"), std::string::npos) << text;
}

/// conv-BN-ReLU, whose running statistics change.
std::shared_ptr<Dynamics> network() {
  namespace nn = torch::nn;
  nn::Sequential net(nn::Conv2d(nn::Conv2dOptions(4, 4, 3).padding(1)), nn::BatchNorm2d(4), nn::ReLU());
  net->to(at::kCUDA);
  auto f = std::make_shared<ModuleDynamics>(net.ptr(), [net](const at::Tensor&, const TensorList& z) mutable {
    return TensorList{net->forward(z[0])};
  });
  return f;
}

TEST_F(GraphsOnGpu, NetworksAreReplayedOnTheDefaultStreamInEveryPrecision) {
  for (const bool half : {false, true}) {
    SCOPED_TRACE(half ? "bf16" : "fp32");
    const AutocastScope autocast({at::kCUDA, half, at::kBFloat16});
    const auto f = network();
    auto options = recorded_steps(0.25);
    options.graphs = GraphKind::required;
    auto eager = options;
    eager.graphs = GraphKind::off;
    for (int i = 0; i < 6; ++i) {
      const auto z0 = wave({2, 4, 8, 8}, 0.1 * i, 1, at::kFloat).to(at::kCUDA);
      const auto before = f->buffers();
      TensorList saved;
      for (const auto& [name, buffer] : before) saved.push_back(buffer.clone());
      const auto by_hand = step(f, z0, eager);
      TensorList after;
      for (std::size_t j = 0; j < before.size(); ++j) {
        after.push_back(before[j].second.clone());
        before[j].second.copy_(saved[j]);
      }
      const auto by_graph = step(f, z0, options);
      if (i >= 3) {
        EXPECT_EQ(by_graph.forward + by_graph.backward, "replayedreplayed") << i;
      }
      // cuDNN may add in another order from one run to the next.
      const double bound = half ? 2e-2 : 1e-5;
      EXPECT_LE((by_graph.state - by_hand.state).abs().max().item<double>(), bound * by_hand.state.abs().max().item<double>());
      for (std::size_t j = 0; j < by_hand.a_parameters.size(); ++j)
        EXPECT_LE((by_graph.a_parameters[j] - by_hand.a_parameters[j]).abs().max().item<double>(),
                  10 * bound * (1 + by_hand.a_parameters[j].abs().max().item<double>()));
      for (std::size_t j = 0; j < before.size(); ++j)
        EXPECT_TRUE(at::allclose(before[j].second.to(at::kDouble), after[j].to(at::kDouble), bound, bound)) << before[j].first;
    }
  }
}

TEST_F(GraphsOnGpu, AnFThatWaitsIsNotRecordedAndNothingElseIsHarmed) {
  namespace nn = torch::nn;
  nn::Linear net(4, 4);
  net->to(at::kCUDA);
  const auto f = std::make_shared<ModuleDynamics>(net.ptr(), [net](const at::Tensor&, const TensorList& z) mutable {
    return TensorList{net->forward(z[0]) * z[0].mean().item<double>()};
  });
  const auto z0 = wave({8, 4}, 0, 1, at::kFloat).to(at::kCUDA);
  for (int i = 0; i < 4; ++i) {
    const auto trained = step(f, z0, recorded_steps(0.25));
    if (i >= 2) {
      EXPECT_NE(trained.forward.find("recording failed"), std::string::npos) << trained.forward;
    }
  }
  EXPECT_TRUE(at::randn({1000}, z0.options()).isfinite().all().item<bool>());  // the generator has left the recording
  const auto other = graph_mlp();
  for (int i = 0; i < 4; ++i) {
    const auto forward = step(other, z0, recorded_steps(0.25)).forward;
    if (i == 3) {
      EXPECT_EQ(forward, "replayed");
    }
  }
#if defined(NEURALODE_CUDA)
  c10::cuda::CUDACachingAllocator::emptyCache();  // asserts that no recording is under way
#endif
}

TEST_F(GraphsOnGpu, AutocastIsTheSameWithGraphs) {
  const auto f = graph_mlp();
  const AutocastScope autocast({at::kCUDA, true, at::kBFloat16});
  const auto options = recorded_steps(0.05);
  auto eager = options;
  eager.graphs = GraphKind::off;
  for (int i = 0; i < 5; ++i) {
    const auto z0 = wave({32, 4}, 0.1 * i, 1, at::kFloat).to(at::kCUDA);
    expect_same(step(f, z0, options), step(f, z0, eager));
  }
}

}  // namespace
}  // namespace neuralode::testing
