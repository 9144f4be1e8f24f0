#include "tensors/memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/alignment.h>
#include <c10/core/impl/alloc_cpu.h>

#include <atomic>
#include <cstring>
#include <mutex>

#include "tensors/compat.h"
#include "tensors/gpu.h"

namespace neuralode {

namespace {

std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> peak{0};

void add(std::int64_t bytes) {
  const auto now = live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  auto most = peak.load(std::memory_order_relaxed);
  while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
}

/// Each block is preceded by one alignment unit that holds its size.
constexpr std::size_t header_bytes = c10::gAlignment;

void free_counted(void* data) {
  if (data == nullptr) return;
  auto* block = static_cast<char*>(data) - header_bytes;
  std::int64_t bytes;
  std::memcpy(&bytes, block, sizeof bytes);
  live.fetch_sub(bytes, std::memory_order_relaxed);
  c10::free_cpu(block);
}

class CountingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate_counted(std::size_t bytes) const {
    if (bytes == 0) return {nullptr, nullptr, &free_counted, c10::Device(c10::kCPU)};
    auto* block = static_cast<char*>(c10::alloc_cpu(bytes + header_bytes));
    const auto size = static_cast<std::int64_t>(bytes);
    std::memcpy(block, &size, sizeof size);
    add(size);
    auto* data = block + header_bytes;
    return {data, data, &free_counted, c10::Device(c10::kCPU)};
  }
#if NEURALODE_TORCH_AT_LEAST(2, 3)
  c10::DataPtr allocate(std::size_t bytes) override { return allocate_counted(bytes); }
  void copy_data(void* destination, const void* source, std::size_t count) const override { default_copy_data(destination, source, count); }
#else
  c10::DataPtr allocate(std::size_t bytes) const override { return allocate_counted(bytes); }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return &free_counted; }
};

}  // namespace

void enable_memory_tracking() {
  static std::once_flag once;
  std::call_once(once, [] {
    static CountingAllocator allocator;
    c10::SetCPUAllocator(&allocator, /*priority=*/1);
  });
}

MemoryCounts memory_counts() {
  MemoryCounts counts{live.load(std::memory_order_relaxed), peak.load(std::memory_order_relaxed)};
  gpu::add_memory(counts.live_bytes, counts.peak_bytes);
  return counts;
}

void reset_memory_peak() {
  peak.store(live.load(std::memory_order_relaxed), std::memory_order_relaxed);
  gpu::reset_memory_peak();
}

}  // namespace neuralode
