// Sums over arrays in an order that depends on the number of elements and their alignment alone.
#pragma once

#include "kernels/cuda/alf.h"
#include "kernels/cuda/launch.cuh"

namespace neuralode::kernels::cuda {

/// The sum over the threads of a block, in its first thread. threads: a multiple of 32, at most 1024; every thread calls it.
template <int threads>
__device__ double block_sum(double value) {
  __shared__ double of_warps[32];
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffffu, value, offset);
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x >= 32) return 0;
  value = threadIdx.x < threads / 32 ? of_warps[threadIdx.x] : 0;
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffffu, value, offset);
  return value;
}

/// Ends a summing kernel: the block's sum goes to work[block].
__device__ __forceinline__ void store_block_sum(double of_thread, double* work) {
  const double sum = block_sum<block_threads>(of_thread);
  if (threadIdx.x == 0) work[blockIdx.x] = sum;
}

/// *sum += work[0] + ... + work[blocks - 1]. One block of sum_work threads.
__global__ void finish_sum_kernel(const double* work, unsigned blocks, double* sum);

/// Queues `kernel`, which leaves a sum a block in `work`, and adds them up.
template <int width, class... Parameters, class... Arguments>
void launch_sum(const char* name, void (*kernel)(Range, Parameters...), const Range& range, double* sum, double* work, cudaStream_t stream,
                Arguments... arguments) {
  if (range.count == 0) return;
  const auto blocks = blocks_of<width>(range, sum_work);
  kernel<<<blocks, block_threads, 0, stream>>>(range, arguments..., work);
  check_launch(name);
  finish_sum_kernel<<<1, sum_work, 0, stream>>>(work, blocks, sum);
  check_launch(name);
}

}  // namespace neuralode::kernels::cuda
