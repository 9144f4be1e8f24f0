// How many bytes of tensors are alive, on the CPU and on every GPU, counted by the allocators.
#pragma once

#include <cstdint>

namespace neuralode {

struct MemoryCounts {
  std::int64_t live_bytes;
  std::int64_t peak_bytes;
};

/// From now on every CPU tensor of the process is allocated through a counting allocator; libtorch's own counts on GPUs. Idempotent,
/// thread-safe, not undone: tensors allocated by it may outlive any moment at which it could be.
void enable_memory_tracking();
/// The peak is the sum of the devices' peaks.
MemoryCounts memory_counts();
/// Sets the peak to what is alive.
void reset_memory_peak();

}  // namespace neuralode
