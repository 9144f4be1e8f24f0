// Copies of a test's arrays in a GPU's memory, for one call of a kernel.
#pragma once

#include <gtest/gtest.h>

#include "tensors/gpu.h"

#if defined(NEURALODE_CUDA)
#include <cuda_runtime_api.h>

#include <cstring>
#include <map>
#include <stdexcept>
#include <vector>

#include "kernels/cuda/alf.h"
#include "kernels/cuda/combine.h"
#include "kernels/cuda/lattice.h"
#endif

namespace neuralode::kernels::testing {

inline void need_device() {
  if (neuralode::gpu::count() == 0) GTEST_SKIP() << "needs a GPU: " << neuralode::gpu::absence();
}

/// Of a kernel that returns nothing.
struct Done {};

#if defined(NEURALODE_CUDA)

inline void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

class Mirror {
 public:
  explicit Mirror(std::int64_t count) : count_(static_cast<std::size_t>(count)) {
    check(cudaStreamCreate(&stream_));  // ordered with the copies below, which the default stream makes
    void* results = nullptr;
    check(cudaMalloc(&results, sizeof(double) * (2 + 1 + cuda::sum_work)));
    results_ = static_cast<double*>(results);
    check(cudaMemset(results_, 0, sizeof(double) * 2));
    check(cudaMemset(word(), 0xff, sizeof(double)));
  }
  ~Mirror() {
    for (auto& [host, copy] : copies_) cudaFree(copy.base);
    cudaFree(results_);
    cudaStreamDestroy(stream_);
  }
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  template <class T>
  T* in(const T* host) {
    return static_cast<T*>(copy_of(const_cast<T*>(host), sizeof(T)).data);
  }
  template <class T>
  T* out(T* host) {
    auto& copy = copy_of(host, sizeof(T));
    copy.written = true;
    return static_cast<T*>(copy.data);
  }
  cudaStream_t stream() const { return stream_; }
  cuda::Note note() { return {word(), 6}; }
  double* numbers() { return results_; }
  double* work() { return results_ + 3; }
  unsigned long long* largest() { return reinterpret_cast<unsigned long long*>(results_); }

  /// Waits, and brings back what was written.
  Done done() {
    check(cudaStreamSynchronize(stream_));
    for (auto& [host, copy] : copies_)
      if (copy.written && copy.bytes > 0) check(cudaMemcpy(host, copy.data, copy.bytes, cudaMemcpyDeviceToHost));
    return {};
  }
  double number(int index) {
    done();
    double values[2];
    check(cudaMemcpy(values, results_, sizeof values, cudaMemcpyDeviceToHost));
    return values[index];
  }
  unsigned long long largest_met() {
    const double bits = number(0);
    unsigned long long value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  bool fine() { return flags() == lattice_fine; }
  std::int32_t flags() {
    done();
    cuda::NoteWord noted;
    check(cudaMemcpy(&noted, word(), sizeof noted, cudaMemcpyDeviceToHost));
    if (noted == cuda::nothing_noted) return lattice_fine;
    EXPECT_EQ(noted / 2, 3u) << "another code was noted than the kernel was given";
    return noted % 2 == cuda::noted_non_finite ? lattice_non_finite : lattice_overflow;
  }

 private:
  struct Copy {
    void* base = nullptr;
    void* data = nullptr;
    std::size_t bytes = 0;
    bool written = false;
  };
  Copy& copy_of(void* host, std::size_t element) {
    auto& copy = copies_[host];
    if (copy.base != nullptr) return copy;
    copy.bytes = element * count_;
    check(cudaMalloc(&copy.base, copy.bytes + 16));
    copy.data = static_cast<char*>(copy.base) + reinterpret_cast<std::uintptr_t>(host) % 16;
    if (copy.bytes > 0) check(cudaMemcpy(copy.data, host, copy.bytes, cudaMemcpyHostToDevice));
    return copy;
  }
  cuda::NoteWord* word() { return reinterpret_cast<cuda::NoteWord*>(results_ + 2); }

  std::size_t count_;
  cudaStream_t stream_ = nullptr;
  double* results_ = nullptr;  ///< two numbers, the note, work space
  std::map<void*, Copy> copies_;
};

#endif

}  // namespace neuralode::kernels::testing
