// What a training step costs in time and tensor memory by how its steps are undone, measured side by side in one run.
// Usage: reversal_cost [threads = 1] [rounds = 15]
//
// float: no snapshots. automatic: the default. every 4 and every 1: a snapshot every so many steps (every 1 is ACA). exact: fixed point.
// Rounds of all alternate; ratios are medians over rounds, against float. Bytes: peak of tensors above those alive before.
#include "tensors/memory.h"
#include "workloads.h"

namespace {

using namespace neuralode;
using namespace neuralode::benchmarks;

struct Mode {
  const char* name;
  SolveOptions options;
};

std::vector<Mode> modes_of(int steps) {
  SolveOptions automatic;
  automatic.steps.step_size = 1.0 / steps;
  auto none = automatic, exact = automatic;
  none.snapshots = SnapshotKind::none;
  exact.reversal = ReversalKind::exact;
  const auto every = [&](std::int64_t interval) {
    auto options = automatic;
    options.snapshots = SnapshotKind::every;
    options.snapshot_interval = interval;
    return options;
  };
  return {{"float", none}, {"automatic", automatic}, {"every 4", every(4)}, {"every 1", every(1)}, {"exact", exact}};
}

std::int64_t peak_bytes(const std::function<void()>& body) {
  const auto before = memory_counts().live_bytes;
  reset_memory_peak();
  body();
  return memory_counts().peak_bytes - before;
}

void compare(const Workload& work, int rounds) {
  const auto z = at::randn(work.shape) * 0.5;
  const auto dynamics = dynamics_of(work);
  const auto modes = modes_of(work.steps);
  std::vector<std::vector<double>> times(modes.size()), ratios(modes.size());
  std::vector<std::int64_t> bytes(modes.size());
  for (int round = -2; round < rounds; ++round) {  // two rounds to warm up
    double of_float = 0;
    for (std::size_t i = 0; i < modes.size(); ++i) {
      double time = 0;
      bytes[i] = peak_bytes([&] { time = milliseconds([&] { training_step(work, dynamics, z, modes[i].options); }); });
      if (i == 0) of_float = time;
      if (round < 0) continue;
      times[i].push_back(time);
      ratios[i].push_back(time / of_float);
    }
  }
  std::printf("%s\n", work.name);
  for (std::size_t i = 0; i < modes.size(); ++i)
    std::printf("  %-10s %9.3f ms  %6.3f of float   %12lld bytes  %6.3f of float\n", modes[i].name, median(times[i]), median(ratios[i]),
                static_cast<long long>(bytes[i]), static_cast<double>(bytes[i]) / static_cast<double>(bytes[0]));
}

}  // namespace

int main(int argc, char** argv) {
  enable_memory_tracking();
  const int rounds = prepare(argc, argv);
  compare(mlp("MLP 64-64-64 tanh, batch 128, 20 steps", 128, 64, 64, 20), 10 * rounds);
  compare(mlp("MLP 64-64-64 tanh, batch 8192, 20 steps", 8192, 64, 64, 20), rounds);
  compare(conv(), rounds);
  return 0;
}
