// How kernels.cu measures: arrays past the L2, events around a launch, medians, GB/s over what a copy reaches.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace neuralode::benchmarks {

#define NEURALODE_CUDA_CHECK(call)                                                                    \
  do {                                                                                                \
    const cudaError_t status = (call);                                                                \
    if (status != cudaSuccess) {                                                                      \
      std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(status)); \
      std::exit(1);                                                                                   \
    }                                                                                                 \
  } while (false)

/// Real numbers of any of the kernels' types: every two bytes are within [1, 2) as float16, [2^-7, 2) as bfloat16, and the upper half
/// of a small float or double.
__global__ void fill_reals(std::uint16_t* words, std::int64_t count) {
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += std::int64_t{gridDim.x} * blockDim.x)
    words[i] = static_cast<std::uint16_t>(0x3c00u | ((static_cast<std::uint32_t>(i) * 2654435761u) >> 22));
}

/// Integers below 2^32, which a lattice holds.
__global__ void fill_integers(std::int64_t* array, std::int64_t count) {
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += std::int64_t{gridDim.x} * blockDim.x)
    array[i] = static_cast<std::uint32_t>(i) * 2654435761u;
}

__global__ void copy_kernel(const int4* __restrict__ from, int4* __restrict__ to, std::int64_t count) {
  for (auto i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += std::int64_t{gridDim.x} * blockDim.x) to[i] = from[i];
}

/// Device memory in `slots` arrays of `bytes` each: 256 MiB, or less where the card is small.
class Arena {
 public:
  static constexpr int slots = 11;

  explicit Arena(std::size_t most) {
    std::size_t free = 0, total = 0;
    NEURALODE_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    bytes_ = std::min(most, free / (slots + 3)) / 4096 * 4096;
    NEURALODE_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&base_), bytes_ * slots));
  }
  ~Arena() { cudaFree(base_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  std::size_t bytes() const { return bytes_; }

  template <class T>
  T* at(int slot, std::size_t offset) const {
    return reinterpret_cast<T*>(base_ + static_cast<std::size_t>(slot) * bytes_ + offset);
  }

  /// Numbers for slots first, ..., last - 1.
  void fill(int first, int last, bool integers) const {
    for (int slot = first; slot < last; ++slot) {
      if (integers)
        fill_integers<<<1024, 256>>>(at<std::int64_t>(slot, 0), static_cast<std::int64_t>(bytes_ / 8));
      else
        fill_reals<<<1024, 256>>>(at<std::uint16_t>(slot, 0), static_cast<std::int64_t>(bytes_ / 2));
    }
    NEURALODE_CUDA_CHECK(cudaGetLastError());
    NEURALODE_CUDA_CHECK(cudaDeviceSynchronize());
  }

 private:
  char* base_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Called with the byte offset in every array at which this launch works.
using Launch = std::function<void(std::size_t offset, cudaStream_t stream)>;

/// Median microseconds of one launch over `span` bytes of each array. Small spans go round the arrays, so that no launch finds its data
/// in the L2, and are timed in groups, whose launches follow each other without a gap where the GPU is the slower side.
inline double microseconds(const Arena& arena, std::size_t span, int repeats, const Launch& launch) {
  cudaStream_t stream;
  cudaEvent_t start, stop;
  NEURALODE_CUDA_CHECK(cudaStreamCreate(&stream));
  NEURALODE_CUDA_CHECK(cudaEventCreate(&start));
  NEURALODE_CUDA_CHECK(cudaEventCreate(&stop));
  const std::size_t places = std::max<std::size_t>(1, arena.bytes() / span);
  const int group = places > 1 ? 64 : 1;
  std::size_t place = 0;
  std::vector<double> times;
  for (int repeat = -3; repeat < repeats; ++repeat) {  // three to warm up
    NEURALODE_CUDA_CHECK(cudaEventRecord(start, stream));
    for (int i = 0; i < group; ++i, place = (place + 1) % places) launch(place * span, stream);
    NEURALODE_CUDA_CHECK(cudaEventRecord(stop, stream));
    NEURALODE_CUDA_CHECK(cudaEventSynchronize(stop));
    float milliseconds = 0;
    NEURALODE_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start, stop));
    if (repeat >= 0) times.push_back(1e3 * double(milliseconds) / group);
  }
  NEURALODE_CUDA_CHECK(cudaEventDestroy(start));
  NEURALODE_CUDA_CHECK(cudaEventDestroy(stop));
  NEURALODE_CUDA_CHECK(cudaStreamDestroy(stream));
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

}  // namespace neuralode::benchmarks
