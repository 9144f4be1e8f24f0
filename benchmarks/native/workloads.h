// What the benchmarks integrate, and how they measure.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "dynamics/autograd_dynamics.h"
#include "gradients/solve.h"
#include "tensors/threads.h"

namespace neuralode::benchmarks {

struct Workload {
  const char* name;
  std::shared_ptr<torch::nn::Module> module;
  std::function<at::Tensor(const at::Tensor&)> f;
  std::vector<std::int64_t> shape;
  int steps;
};

inline Workload mlp(const char* name, std::int64_t batch, std::int64_t width, std::int64_t hidden, int steps) {
  torch::nn::Sequential net(torch::nn::Linear(width, hidden), torch::nn::Tanh(), torch::nn::Linear(hidden, width));
  return {name, net.ptr(), [net](const at::Tensor& z) mutable { return net->forward(z); }, {batch, width}, steps};
}

inline Workload conv() {
  torch::nn::Sequential net;
  for (int i = 0; i < 2; ++i) {
    net->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(64, 64, 3).padding(1).bias(false)));
    net->push_back(torch::nn::BatchNorm2d(64));
    net->push_back(torch::nn::ReLU());
  }
  return {"conv-BN-ReLU x2, 16x64x32x32, 8 steps",
          net.ptr(),
          [net](const at::Tensor& z) mutable { return net->forward(z); },
          {16, 64, 32, 32},
          8};
}

inline double milliseconds(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

inline std::shared_ptr<Dynamics> dynamics_of(const Workload& work) {
  return std::make_shared<ModuleDynamics>(work.module,
                                          [&work](const at::Tensor&, const TensorList& state) { return TensorList{work.f(state[0])}; });
}

/// One solve over [0, 1] and one backward.
inline void training_step(const Workload& work, const std::shared_ptr<Dynamics>& dynamics, const at::Tensor& z,
                          const SolveOptions& options) {
  const auto z0 = z.detach().requires_grad_(true);
  const auto solution = solve({dynamics, {z0}, at::scalar_tensor(0.0, at::kDouble), at::scalar_tensor(1.0, at::kDouble), {}, options});
  solution.states[0].backward(at::ones_like(z));
  for (auto& parameter : work.module->parameters()) parameter.mutable_grad().reset();
}

/// Reads [threads = 1] [rounds] and sets the process up; exits with 2 when they are not numbers above 0. Returns the rounds.
inline int prepare(int argc, char** argv, const char* dtype = "float32", int usual_rounds = 15) {
  // glibc returns large blocks to the system at every free; the page faults would cost a fifth of the convolutions.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that it accepts
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1, rounds = argc > 2 ? std::atoi(argv[2]) : usual_rounds;
  if (threads < 1 || rounds < 1) {
    std::fprintf(stderr, "usage: %s [threads >= 1] [rounds >= 1]\n", argv[0]);
    std::exit(2);
  }
  set_threads(threads);
  at::manual_seed(0);
  std::printf("%s, CPU, %d thread(s), libtorch %s, medians of %d paired rounds\n", dtype, threads, TORCH_VERSION, rounds);
  return rounds;
}

}  // namespace neuralode::benchmarks
