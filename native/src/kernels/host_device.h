// NEURALODE_HOST_DEVICE: before a function that CPU and CUDA kernels share. Inlined whatever its size: the CPU's loops vectorise only then.
#pragma once

#if defined(__CUDACC__)
#define NEURALODE_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define NEURALODE_HOST_DEVICE inline __attribute__((always_inline))
#endif
