// What every CUDA kernel here is made of: 16-byte access to arrays of any length and alignment, launches that are checked, notes.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "core/error.h"
#include "kernels/cuda/note.h"
#include "kernels/scalar.h"

namespace neuralode::kernels::cuda {

constexpr int block_threads = 256;

/// Elements that one 16-byte access takes.
template <class Scalar>
constexpr int pack_width = 16 / static_cast<int>(sizeof(Scalar));

/// `width` neighbouring elements in registers.
template <class T, int width>
struct Pack {
  T at[width];
};

template <int width>
struct Width {
  static constexpr int value = width;
};

/// The elements from `array` on. Where they are 16 bytes or more, `array` must be aligned to 16.
template <int width, class T>
__device__ __forceinline__ Pack<T, width> get(const T* array) {
  Pack<T, width> pack;
  if constexpr (width == 1) {
    pack.at[0] = *array;
  } else {
    constexpr int words = width * static_cast<int>(sizeof(T)) / 16;
    int4 bits[words];
#pragma unroll
    for (int word = 0; word < words; ++word) bits[word] = reinterpret_cast<const int4*>(array)[word];
    memcpy(&pack, bits, sizeof pack);
  }
  return pack;
}
template <int width, class T>
__device__ __forceinline__ void put(T* array, const Pack<T, width>& pack) {
  if constexpr (width == 1) {
    *array = pack.at[0];
  } else {
    constexpr int words = width * static_cast<int>(sizeof(T)) / 16;
    int4 bits[words];
    memcpy(bits, &pack, sizeof pack);
#pragma unroll
    for (int word = 0; word < words; ++word) reinterpret_cast<int4*>(array)[word] = bits[word];
  }
}

/// How `count` elements fall into packs: those before `first` and those after the last pack are taken one by one.
struct Range {
  std::int64_t first, packs, count;
};

/// The first element from which on every array is aligned to 16 bytes begins the packs; where there is none, there are no packs.
template <int width, class... T>
Range range_of(std::int64_t count, const T*... arrays) {
  for (std::int64_t first = 0; first < std::min<std::int64_t>(width, count); ++first) {
    const bool aligned = ((reinterpret_cast<std::uintptr_t>(arrays + first) % 16 == 0) && ...);
    if (aligned) return {first, (count - first) / width, count};
  }
  return {0, 0, count};
}

/// Calls `body(Width<n>, i)` so that all elements i, ..., i + n - 1 together are all of the range; a grid-stride loop.
template <int width, class Body>
__device__ __forceinline__ void for_each_pack(const Range& range, const Body& body) {
  const auto stride = std::int64_t{gridDim.x} * blockDim.x;
  const auto thread = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  for (auto pack = thread; pack < range.packs; pack += stride) body(Width<width>{}, range.first + pack * width);
  const auto in_packs = range.packs * width;
  for (auto edge = thread; edge < range.count - in_packs; edge += stride)
    body(Width<1>{}, edge < range.first ? edge : edge + in_packs);
}

/// Blocks for a range, at most `most`; beyond it a thread takes several packs.
template <int width>
unsigned blocks_of(const Range& range, std::int64_t most = 65536) {
  const auto items = std::max(range.packs, range.count - range.packs * width);
  return static_cast<unsigned>(std::max<std::int64_t>(1, std::min((items + block_threads - 1) / block_threads, most)));
}

/// Throws runtime_error naming the kernel where it was not taken; clears the error, unless the device itself is lost to it.
inline void check_launch(const char* name) {
  const auto error = cudaGetLastError();
  if (error != cudaSuccess)
    fail(Status::runtime_error, name, ": the GPU did not take the kernel (", cudaGetErrorString(error),
         "); check that the stream and the tensors are of the current device, and that this build is for its architecture");
}

/// Queues `kernel` over a range; nothing for an empty one.
template <int width, class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Range, Parameters...), const Range& range, cudaStream_t stream, Arguments... arguments) {
  if (range.count == 0) return;
  const auto blocks = blocks_of<width>(range);
  kernel<<<blocks, block_threads, 0, stream>>>(range, arguments...);
  check_launch(name);
}

__device__ __forceinline__ void write_down(const Note& note, bool met, NoteKind kind = noted_non_finite) {
  if (met && note.word != nullptr) atomicMin(note.word, note.code | kind);
}

}  // namespace neuralode::kernels::cuda
