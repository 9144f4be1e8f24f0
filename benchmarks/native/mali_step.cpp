// What a training step by MALI costs over the evaluations of f that it makes, measured side by side in one run.
// Usage: mali_step [threads = 1] [rounds = 15]
//
// bare: N + 1 evaluations of f and N + 1 linearised ones (forward with graph, one VJP), no solver around them.
// mali: one solve of N fixed steps and one backward. Rounds of the two alternate; the ratio is the median over rounds.
#include "workloads.h"

namespace {

using namespace neuralode;
using namespace neuralode::benchmarks;

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

void compare(const Workload& work, int rounds) {
  const auto z = at::randn(work.shape) * 0.5;
  const auto dynamics = dynamics_of(work);
  SolveOptions options;
  options.steps.step_size = 1.0 / work.steps;
  std::vector<double> bare_times, mali_times, ratios;
  for (int round = -2; round < rounds; ++round) {  // two rounds to warm up
    const double without = milliseconds([&] { bare(work, z); });
    const double with = milliseconds([&] { training_step(work, dynamics, z, options); });
    if (round < 0) continue;
    bare_times.push_back(without);
    mali_times.push_back(with);
    ratios.push_back(with / without);
  }
  std::printf("%-42s  bare %9.3f ms   mali %9.3f ms   mali/bare %.3f\n", work.name, median(bare_times), median(mali_times), median(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = prepare(argc, argv);
  compare(mlp("MLP 64-64-64 tanh, batch 128, 20 steps", 128, 64, 64, 20), 10 * rounds);
  compare(mlp("MLP 16-32-16 tanh, batch 32, 50 steps", 32, 16, 32, 50), 10 * rounds);
  compare(conv(), rounds);
  return 0;
}
