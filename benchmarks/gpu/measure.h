// How steps.cpp measures: where it runs, in which precision, rounds that alternate, rows for the report.
#pragma once

#include <ATen/ATen.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#if defined(NEURALODE_CUDA)
#include <c10/cuda/CUDACachingAllocator.h>
#endif

#include "../native/workloads.h"
#include "tensors/autocast.h"
#include "tensors/memory.h"

namespace neuralode::benchmarks {

struct Setting {
  at::Device device = at::Device("cuda:0");
  bool quick = false;
  int rounds = 15;
  std::FILE* rows = nullptr;

  void wait() const {
    if (device.is_cuda()) torch::cuda::synchronize(device.index());
  }
};

/// What one row of the report compares at. channels_last: of what has four dimensions.
struct Precision {
  const char* name;
  bool tf32, autocast, channels_last;
};
constexpr Precision fp32{"fp32", false, false, false}, tf32{"tf32", true, false, false}, bf16{"bf16", false, true, false},
    bf16_channels_last{"bf16 channels_last", false, true, true};

inline void allow_tf32(bool allowed) {
  at::globalContext().setAllowTF32CuDNN(allowed);
  at::globalContext().setAllowTF32CuBLAS(allowed);
}

/// Autocast to bfloat16 for as long as it lives, where the precision says so.
class AutocastWhere {
 public:
  AutocastWhere(const Precision& precision, at::Device device) {
    if (precision.autocast) scope_.emplace(AutocastState{device.type(), true, at::kBFloat16});
  }

 private:
  std::optional<AutocastScope> scope_;
};

/// The same layout for parameters and inputs.
inline at::Tensor laid_out(const at::Tensor& tensor, const Precision& precision) {
  return precision.channels_last && tensor.dim() == 4 ? tensor.contiguous(at::MemoryFormat::ChannelsLast) : tensor.contiguous();
}

/// Moves parameters and buffers. Rates of drift, which are read where steps are planned, stay on the CPU.
inline void move_to(torch::nn::Module& module, const Setting& setting, const Precision& precision) {
  const torch::NoGradGuard not_recording;
  for (auto& parameter : module.parameters()) parameter.set_data(laid_out(parameter.to(setting.device), precision));
  for (auto& buffer : module.named_buffers())
    if (buffer.key().find("drift_rate") == std::string::npos) buffer.value().set_data(buffer.value().to(setting.device));
}

/// One JSON object: kind, then what is added.
class Row {
 public:
  explicit Row(const std::string& kind) { text_ << "{\"kind\": \"" << kind << "\""; }
  Row& text(const char* key, const std::string& value) {
    text_ << ", \"" << key << "\": \"";
    for (const char c : value) text_ << (c == '"' || c == '\\' ? "\\" : "") << (c == '\n' ? ' ' : c);
    text_ << "\"";
    return *this;
  }
  Row& number(const char* key, double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.10g", value);
    text_ << ", \"" << key << "\": " << (std::isfinite(value) ? digits : "null");
    return *this;
  }
  void write(const Setting& setting) {
    if (setting.rows == nullptr) return;
    std::fprintf(setting.rows, "%s}\n", text_.str().c_str());
    std::fflush(setting.rows);
  }

 private:
  std::ostringstream text_;
};

/// One of several that are timed in turn.
struct Candidate {
  std::string name;
  std::string graphs;  ///< "auto", "off", or "" where they say nothing
  std::function<void()> step;
  std::function<std::string()> remark = [] { return std::string(); };  ///< asked for once, after the rounds
};

/// Milliseconds of each, medians over rounds in which all take their turn. A candidate that throws is reported, as NaN.
inline std::vector<double> alternate(const std::vector<Candidate>& candidates, const Setting& setting, int rounds) {
  std::vector<std::vector<double>> times(candidates.size());
  std::vector<bool> failed(candidates.size());
  for (int round = -4; round < rounds; ++round) {  // four rounds to warm up: convolutions are chosen, graphs captured
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (failed[i]) continue;
      try {
        setting.wait();
        const double time = milliseconds([&] {
          candidates[i].step();
          setting.wait();
        });
        if (round >= 0) times[i].push_back(time);
      } catch (const std::exception& error) {
        failed[i] = true;
        std::fprintf(stderr, "%s: %s\n", candidates[i].name.c_str(), error.what());
      }
    }
  }
  std::vector<double> results;
  for (std::size_t i = 0; i < candidates.size(); ++i) results.push_back(failed[i] ? std::nan("") : median(times[i]));
  return results;
}

/// Prints and writes what `candidates` took. samples: what a second's number counts, or 0. Returns whether all went well.
inline bool report(const Setting& setting, const std::string& work, const Precision& precision, const std::string& shape, int steps,
                   const std::vector<Candidate>& candidates, int rounds, std::int64_t samples = 0) {
  const auto times = alternate(candidates, setting, rounds);
  bool good = true;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto& candidate = candidates[i];
    std::printf("%-10s %-19s %-26s %-5s %10.3f ms", work.c_str(), precision.name, candidate.name.c_str(), candidate.graphs.c_str(),
                times[i]);
    Row row("step");
    row.text("work", work).text("precision", precision.name).text("side", "neuralode").text("method", candidate.name);
    row.text("graphs", candidate.graphs).text("shape", shape).number("steps", steps).number("milliseconds", times[i]);
    if (samples > 0) {
      std::printf(" %10.1f images/s", 1e3 * double(samples) / times[i]);
      row.number("images_per_second", 1e3 * double(samples) / times[i]);
    }
    const auto remark = std::isfinite(times[i]) ? candidate.remark() : "";
    std::printf("  %s\n", remark.c_str());
    std::fflush(stdout);
    row.text("remark", remark).write(setting);
    good = good && std::isfinite(times[i]);
  }
  return good;
}

struct Bytes {
  double allocated, reserved;  ///< most at once; reserved: by the allocator from the driver, NaN on a CPU
};

/// Most tensor memory at once while `body` runs, above what was alive before.
inline Bytes peak_bytes(const Setting& setting, const std::function<void()>& body) {
  setting.wait();
#if defined(NEURALODE_CUDA)
  if (setting.device.is_cuda()) {
    namespace allocator = c10::cuda::CUDACachingAllocator;
    const auto device = setting.device.index();
    allocator::emptyCache();
    allocator::resetPeakStats(device);
    const auto before = allocator::getDeviceStats(device).allocated_bytes[0].current;
    body();
    setting.wait();
    const auto stats = allocator::getDeviceStats(device);
    return {double(stats.allocated_bytes[0].peak - before), double(stats.reserved_bytes[0].peak)};
  }
#endif
  const auto before = memory_counts().live_bytes;
  reset_memory_peak();
  body();
  return {double(memory_counts().peak_bytes - before), std::nan("")};
}

/// How CUDA graphs went.
inline std::string graph_remark(const Statistics& statistics) {
  if (statistics.graph_forward == statistics.graph_backward) return statistics.graph_forward;
  return "forward: " + statistics.graph_forward + "; backward: " + statistics.graph_backward;
}

/// The settings of graphs to compare: only "off" on a CPU.
inline std::vector<std::string> graph_settings(const Setting& setting) {
  if (setting.device.is_cuda()) return {"auto", "off"};
  return {"off"};
}

inline SolveOptions fixed_steps(int steps, const std::string& graphs) {
  SolveOptions options;
  options.steps.step_size = 1.0 / steps;
  options.graphs = graphs == "off" ? GraphKind::off : GraphKind::automatic;
  return options;
}

}  // namespace neuralode::benchmarks
