// What kernels see of CUDA, on the CPU: the threads of a block run one after the other, each up to its next barrier. Warp shuffles are barriers
// of the whole block here, which every thread of it reaches.
#pragma once

#include <functional>

#include "cuda_runtime_api.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static

struct int4 {
  int x, y, z, w;
};

namespace emulated {

struct Index {
  unsigned x = 0;
};
extern Index block_index, thread_index, block_size, grid_size;

/// Runs `body`, a call of a kernel, for every thread.
void launch(unsigned blocks, unsigned threads, const std::function<void()>& body);
void barrier();
double shuffle_down(double value, unsigned offset);

}  // namespace emulated

#define blockIdx emulated::block_index
#define threadIdx emulated::thread_index
#define blockDim emulated::block_size
#define gridDim emulated::grid_size

inline void __syncthreads() { emulated::barrier(); }
inline double __shfl_down_sync(unsigned, double value, int offset) { return emulated::shuffle_down(value, static_cast<unsigned>(offset)); }

template <class T>
T atomicMin(T* target, T value) {
  const T before = *target;
  if (value < before) *target = value;
  return before;
}
template <class T>
T atomicMax(T* target, T value) {
  const T before = *target;
  if (value > before) *target = value;
  return before;
}

inline long long __double_as_longlong(double value) {
  long long bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
inline double __longlong_as_double(long long bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
