// How many bytes of CPU tensors are alive, counted by the allocator.
#pragma once

#include <cstdint>

namespace neuralode {

struct MemoryCounts {
  std::int64_t live_bytes;
  std::int64_t peak_bytes;
};

/// From now on every CPU tensor of the process is allocated through a counting allocator. Idempotent, thread-safe, not undone:
/// tensors allocated by it may outlive any moment at which it could be.
void enable_memory_tracking();
MemoryCounts memory_counts();
/// Sets the peak to what is alive.
void reset_memory_peak();

}  // namespace neuralode
