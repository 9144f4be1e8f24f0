// What kernels see of CUDA, on the CPU: the threads of a block run one after the other, each up to its next barrier. Warp shuffles are barriers
// of the whole block here, which every thread of it reaches.
#pragma once

#include <cuda_runtime_api.h>

#include <cstring>
#include <functional>

// CUDA's own header, where it is that one, has defined them for a host's compiler.
#undef __global__
#undef __device__
#undef __host__
#undef __forceinline__
#undef __shared__
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static

namespace emulated {

struct Index {
  unsigned x = 0;
};
extern Index block_index, thread_index, block_size, grid_size;

/// Does `work` in the order of the stream.
void queue(cudaStream_t stream, const std::function<void()>& work);
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
