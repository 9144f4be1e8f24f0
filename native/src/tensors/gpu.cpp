#include "tensors/gpu.h"

#include <ATen/Context.h>

#if defined(NEURALODE_CUDA)
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace neuralode::gpu {

#if defined(NEURALODE_CUDA)

int count() { return at::hasCUDA() ? static_cast<int>(c10::cuda::device_count()) : 0; }

std::string absence() {
  if (!at::hasCUDA()) return "libtorch finds no CUDA; check that its CUDA libraries, and the driver, are there";
  return count() > 0 ? "" : "no GPU is to be seen; check the driver (nvidia-smi) and CUDA_VISIBLE_DEVICES";
}

namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

/// Calls `body(index)` for every GPU that libtorch has begun to use.
template <class Body>
void for_each_used(const Body& body) {
  if (count() == 0 || !allocator::get()->initialized()) return;
  for (int index = 0; index < count(); ++index)
    if (c10::cuda::hasPrimaryContext(static_cast<c10::DeviceIndex>(index))) body(static_cast<c10::DeviceIndex>(index));
}

}  // namespace

void add_memory(std::int64_t& live_bytes, std::int64_t& peak_bytes) {
  for_each_used([&](c10::DeviceIndex index) {
    const auto requested = allocator::getDeviceStats(index).requested_bytes[0];  // 0: of all pools
    live_bytes += requested.current;
    peak_bytes += requested.peak;
  });
}

void reset_memory_peak() {
  for_each_used([](c10::DeviceIndex index) { allocator::resetPeakStats(index); });
}

void synchronize() {
  for_each_used([](c10::DeviceIndex index) { c10::cuda::getCurrentCUDAStream(index).synchronize(); });
}

#else

int count() { return 0; }
void add_memory(std::int64_t&, std::int64_t&) {}
void reset_memory_peak() {}
void synchronize() {}

std::string absence() {
  return "this build of neuralode has no CUDA kernels; build it with the preset cuda-release, with nvcc and a CUDA libtorch at hand";
}

#endif

}  // namespace neuralode::gpu
