// CUDA graphs against the sweeps that they recorded.
#include <gtest/gtest.h>
#if defined(NEURALODE_CUDA)
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGraphsC10Utils.h>
#include <c10/cuda/CUDAGuard.h>
#endif

#include <cstdlib>
#include <thread>

#include "dynamics/mlp_dynamics.h"
#include "support/expect.h"
#include "support/on_gpu.h"
#include "tensors/autocast.h"

namespace neuralode::testing {
namespace {

/// A built-in MLP 4-8-4 without time.
std::shared_ptr<Dynamics> graph_mlp(at::ScalarType dtype = at::kFloat) {
  const auto weight = [&](at::IntArrayRef sizes, double phase) { return wave(sizes, phase, 0.4, dtype).to(at::kCUDA).requires_grad_(); };
  return std::make_shared<MlpDynamics>(TensorList{weight({8, 4}, 1), weight({4, 8}, 2)}, TensorList{weight({8}, 3), weight({4}, 4)}, false);
}

/// Fixed steps of h with graphs.
SolveOptions recorded_steps(double h) {
  auto options = fixed_steps(h);
  options.graphs = GraphKind::automatic;
  return options;
}

class GraphsOnGpu : public OnGpu {
 protected:
  void SetUp() override {
    OnGpu::SetUp();
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

void expect_replayed(const Trained& trained) {
  EXPECT_EQ(trained.forward, "replayed");
  EXPECT_EQ(trained.backward, "replayed");
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
                                                                                           : i == 2 ? "recorded"
                                                                                                    : "replayed");
}

TEST_F(GraphsOnGpu, OutputsOnTheWayAreThoseOfTheSteps) {
  const auto f = graph_mlp();
  const auto states = [&](const at::Tensor& z0, GraphKind graphs) {
    auto options = recorded_steps(0.05);
    options.graphs = graphs;
    const auto z = z0.detach().requires_grad_();
    const auto solution = solve({f, {z}, time_of(0), time_of(1), at::tensor({0.0, 0.3, 0.5, 1.0}, at::kDouble), options});
    const auto a_z0 = torch::autograd::grad({loss_of(solution.states)}, {z})[0];
    return std::make_pair(TensorList{solution.states[0].detach(), a_z0}, solution.statistics->graph_forward);
  };
  for (int i = 0; i < 5; ++i) {
    const auto z0 = wave({8, 4}, 0.1 * i, 1, at::kFloat).to(at::kCUDA);
    const auto [by_graph, told] = states(z0, GraphKind::automatic);
    const auto [by_hand, unused] = states(z0, GraphKind::off);
    for (std::size_t j = 0; j < by_hand.size(); ++j) EXPECT_TRUE(by_graph[j].equal(by_hand[j])) << i << ", " << j;
    if (i >= 3) {
      EXPECT_EQ(told, "replayed");
    }
  }
}

TEST_F(GraphsOnGpu, SolvesThatWaitForTheirReverseSweepsKeepTheirNumbers) {
  const auto f = graph_mlp();
  const auto make = [&](int number, GraphKind graphs) {
    auto options = recorded_steps(0.05);
    options.graphs = graphs;
    const auto z = wave({8, 4}, 0.3 * number, 1, at::kFloat).to(at::kCUDA).requires_grad_();
    return std::make_pair(z, solve({f, {z}, time_of(0), time_of(1), {}, options}));
  };
  const auto gradient = [](const auto& made) {
    return torch::autograd::grad({made.second.states[0].square().sum()}, {made.first}, {}, true)[0];
  };
  for (int i = 0; i < 3; ++i) gradient(make(i, GraphKind::automatic));
  const auto first = make(1, GraphKind::automatic), second = make(2, GraphKind::automatic);
  const auto of_second = gradient(second), of_first = gradient(first), again = gradient(second);
  for (const auto* made : {&first, &second}) {
    EXPECT_EQ(made->second.statistics->graph_forward, "replayed");
    EXPECT_EQ(made->second.statistics->graph_backward, "replayed");
  }
  EXPECT_TRUE(of_first.equal(gradient(make(1, GraphKind::off))));
  EXPECT_TRUE(of_second.equal(gradient(make(2, GraphKind::off))));
  EXPECT_TRUE(again.equal(of_second));
}

TEST_F(GraphsOnGpu, AParameterInAnotherPlaceIsReadThere) {
  const auto f = graph_mlp();
  auto eager = recorded_steps(0.05);
  eager.graphs = GraphKind::off;
  const auto z0 = wave({8, 4}, 0, 1, at::kFloat).to(at::kCUDA);
  for (int i = 0; i < 4; ++i) step(f, z0, recorded_steps(0.05));
  for (const auto& [name, parameter] : f->parameters()) parameter.set_data(parameter.detach() * 1.5);
  for (int i = 0; i < 4; ++i) {
    const auto by_graph = step(f, z0, recorded_steps(0.05));
    expect_same(by_graph, step(f, z0, eager));
    if (i == 3) expect_replayed(by_graph);
  }
}

#if defined(NEURALODE_CUDA)
TEST_F(GraphsOnGpu, StreamsTakeTurns) {
  const auto f = graph_mlp();
  std::vector<Trained> by_graph;
  std::vector<at::Tensor> starts;
  for (int i = 0; i < 10; ++i) {
    const auto stream = i % 3 == 0 ? c10::cuda::getDefaultCUDAStream() : c10::cuda::getStreamFromPool();
    const c10::cuda::CUDAStreamGuard guard(stream);
    starts.push_back(wave({32, 4}, 0.1 * i, 1, at::kFloat).to(at::kCUDA));
    by_graph.push_back(step(f, starts.back(), recorded_steps(0.05)));
    if (i >= 3) expect_replayed(by_graph.back());
  }
  c10::cuda::device_synchronize();
  auto eager = recorded_steps(0.05);
  eager.graphs = GraphKind::off;
  for (std::size_t i = 0; i < starts.size(); ++i) expect_same(by_graph[i], step(f, starts[i], eager));
}

TEST_F(GraphsOnGpu, ThreadsDoNotDisturbEachOther) {
  const auto f = graph_mlp();
  constexpr int threads = 3, solves = 8;
  const auto start_of = [](int thread, int number) { return wave({16, 4}, 0.1 * number + thread, 1, at::kFloat).to(at::kCUDA); };
  std::vector<std::vector<Trained>> by_graph(threads);
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread)
    running.emplace_back([&, thread] {
      const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
      for (int i = 0; i < solves; ++i) by_graph[thread].push_back(step(f, start_of(thread, i), recorded_steps(0.1)));
    });
  for (auto& thread : running) thread.join();
  c10::cuda::device_synchronize();
  step(f, start_of(0, 0), recorded_steps(0.1));  // recorded, if it was not yet
  expect_replayed(step(f, start_of(0, 0), recorded_steps(0.1)));
  auto eager = recorded_steps(0.1);
  eager.graphs = GraphKind::off;
  for (int thread = 0; thread < threads; ++thread)
    for (int i = 0; i < solves; ++i) {
      SCOPED_TRACE(::testing::Message() << "thread " << thread << ", solve " << i << ": " << by_graph[thread][i].forward);
      expect_same(by_graph[thread][i], step(f, start_of(thread, i), eager));
    }
}
#endif

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
  auto f = std::make_shared<ModuleDynamics>(
      net.ptr(), [net](const at::Tensor&, const TensorList& z) mutable { return TensorList{net->forward(z[0])}; });
  return f;
}

TEST_F(GraphsOnGpu, NetworksAreReplayedOnTheDefaultStreamInEveryPrecision) {
  for (const bool half : {false, true}) {
    SCOPED_TRACE(half ? "bf16" : "fp32");
    const AutocastScope autocast({at::kCUDA, half, at::kBFloat16});
    const auto f = network();
    // A graph that is alive meanwhile, as a penalty's is, binds the parameters' gradients to the default stream.
    at::Tensor penalty = at::zeros({}, at::kCUDA);
    for (const auto& [name, parameter] : f->parameters()) penalty = penalty + parameter.square().sum();
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

#if defined(NEURALODE_CUDA)
TEST_F(GraphsOnGpu, AnFThatThrowsWhileItIsRecordedHarmsNothingElse) {
  namespace nn = torch::nn;
  nn::Linear net(4, 4);
  net->to(at::kCUDA);
  const auto f = std::make_shared<ModuleDynamics>(net.ptr(), [net](const at::Tensor&, const TensorList& z) mutable {
    const auto u = net->forward(z[0]);
    if (c10::cuda::currentStreamCaptureStatusMayInitCtx() != c10::cuda::CaptureStatus::None) throw std::runtime_error("not now");
    return TensorList{u};
  });
  const auto z0 = wave({8, 4}, 0, 1, at::kFloat).to(at::kCUDA);
  for (int i = 0; i < 4; ++i) {
    const auto forward = step(f, z0, recorded_steps(0.25)).forward;
    if (i >= 2) {
      EXPECT_NE(forward.find("recording failed: not now"), std::string::npos) << forward;
    }
  }
  c10::cuda::CUDACachingAllocator::emptyCache();
  EXPECT_TRUE(at::randn({1000}, z0.options()).isfinite().all().item<bool>());
}
#endif

TEST_F(GraphsOnGpu, AutocastIsTheSameWithGraphs) {
  const auto f = graph_mlp();
  const AutocastScope autocast({at::kCUDA, true, at::kBFloat16});
  const auto options = recorded_steps(0.05);
  auto eager = options;
  eager.graphs = GraphKind::off;
  for (int i = 0; i < 5; ++i) {
    const auto z0 = wave({32, 4}, 0.1 * i, 1, at::kFloat).to(at::kCUDA);
    const auto by_graph = step(f, z0, options);
    expect_same(by_graph, step(f, z0, eager));
    if (i >= 3) expect_replayed(by_graph);
  }
}

}  // namespace
}  // namespace neuralode::testing
