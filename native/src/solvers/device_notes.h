// What the kernels of a sweep on a GPU met that must not be, kept in the GPU's memory: steps queue without waiting for it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <optional>

namespace neuralode {

/// What a step met.
enum class StepResult { fine, non_finite, overflow };

class DeviceNotes {
 public:
  /// On the CPU nothing is ever noted: kernels there say at once what they met.
  explicit DeviceNotes(c10::Device device);

  /// What the kernels queued from now on work on: z0, f(t0, z0), or step number 0, 1, ...
  static constexpr std::int64_t of_z0 = -2, of_start = -1;
  void begin(std::int64_t item) { item_ = item; }

  struct Finding {
    std::int64_t item;
    StepResult result;
  };
  /// The first in the order of items, so far; waits for the GPU.
  std::optional<Finding> read() const;

  bool on_gpu() const { return word_.defined(); }
  /// Where they are kept: 0-dim, int64.
  const at::Tensor& tensor() const { return word_; }
  static constexpr std::int64_t nothing = -1;  ///< in it: all bits set, above every code as kernels compare them
  /// As kernels/cuda/note.h has them.
  unsigned long long* word() const;
  unsigned long long code() const { return static_cast<unsigned long long>(item_ - of_z0) * 2; }

 private:
  at::Tensor word_;  ///< 0-dim, int64; undefined on the CPU
  std::int64_t item_ = of_z0;
};

}  // namespace neuralode
