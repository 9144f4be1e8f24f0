// What a training step by MALI costs over the evaluations of f that it makes, measured side by side in one run.
// Usage: mali_step [threads = 1] [rounds = 15]
//
// bare: N + 1 evaluations of f and N + 1 linearised ones (forward with graph, one VJP), no solver around them.
// mali: one solve of N fixed steps and one backward. Rounds of the two alternate; the ratio is the median over rounds.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "dynamics/autograd_dynamics.h"
#include "gradients/solve.h"
#include "tensors/threads.h"

namespace {

using namespace neuralode;

struct Workload {
  const char* name;
  std::shared_ptr<torch::nn::Module> module;
  std::function<at::Tensor(const at::Tensor&)> f;
  std::vector<std::int64_t> shape;
  int steps;
};

Workload mlp(const char* name, std::int64_t batch, std::int64_t width, std::int64_t hidden, int steps) {
  torch::nn::Sequential net(torch::nn::Linear(width, hidden), torch::nn::Tanh(), torch::nn::Linear(hidden, width));
  return {name, net.ptr(), [net](const at::Tensor& z) mutable { return net->forward(z); }, {batch, width}, steps};
}

Workload conv() {
  torch::nn::Sequential net;
  for (int i = 0; i < 2; ++i) {
    net->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(64, 64, 3).padding(1).bias(false)));
    net->push_back(torch::nn::BatchNorm2d(64));
    net->push_back(torch::nn::ReLU());
  }
  return {"conv-BN-ReLU x2, 16x64x32x32, 8 steps", net.ptr(), [net](const at::Tensor& z) mutable { return net->forward(z); }, {16, 64, 32, 32}, 8};
}

double milliseconds(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void bare(const Workload& work, const at::Tensor& z) {
  const at::Tensor cotangent = at::ones_like(z);
  {
    const torch::NoGradGuard not_recording;
    for (int i = 0; i <= work.steps; ++i) work.f(z);
  }
  for (int i = 0; i <= work.steps; ++i) {
    const auto leaf = z.detach().requires_grad_(true);
    std::vector<at::Tensor> inputs{leaf};
    for (const auto& parameter : work.module->parameters()) inputs.push_back(parameter);
    torch::autograd::grad({work.f(leaf)}, inputs, {cotangent});
  }
}

void mali(const Workload& work, const std::shared_ptr<Dynamics>& dynamics, const at::Tensor& z) {
  SolveOptions options;
  options.steps.step_size = 1.0 / work.steps;
  const auto z0 = z.detach().requires_grad_(true);
  const auto solution = solve({dynamics, {z0}, at::scalar_tensor(0.0, at::kDouble), at::scalar_tensor(1.0, at::kDouble), {}, options});
  solution.states[0].backward(at::ones_like(z));
  for (auto& parameter : work.module->parameters()) parameter.mutable_grad().reset();
}

void compare(const Workload& work, int rounds) {
  const auto z = at::randn(work.shape) * 0.5;
  const auto dynamics = std::make_shared<ModuleDynamics>(work.module, [&](const at::Tensor&, const TensorList& state) { return TensorList{work.f(state[0])}; });
  std::vector<double> bare_times, mali_times, ratios;
  for (int round = -2; round < rounds; ++round) {  // two rounds to warm up
    const double without = milliseconds([&] { bare(work, z); });
    const double with = milliseconds([&] { mali(work, dynamics, z); });
    if (round < 0) continue;
    bare_times.push_back(without);
    mali_times.push_back(with);
    ratios.push_back(with / without);
  }
  std::printf("%-42s  bare %9.3f ms   mali %9.3f ms   mali/bare %.3f\n", work.name, median(bare_times), median(mali_times), median(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  // glibc returns large blocks to the system at every free; the page faults would cost a fifth of the convolutions.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that it accepts
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1, rounds = argc > 2 ? std::atoi(argv[2]) : 15;
  if (threads < 1 || rounds < 1) {
    std::fprintf(stderr, "usage: mali_step [threads >= 1] [rounds >= 1]\n");
    return 2;
  }
  set_threads(threads);
  at::manual_seed(0);
  std::printf("float32, CPU, %d thread(s), libtorch %s, medians of %d paired rounds\n", threads, TORCH_VERSION, rounds);
  compare(mlp("MLP 64-64-64 tanh, batch 128, 20 steps", 128, 64, 64, 20), 10 * rounds);
  compare(mlp("MLP 16-32-16 tanh, batch 32, 50 steps", 32, 16, 32, 50), 10 * rounds);
  compare(conv(), rounds);
  return 0;
}
