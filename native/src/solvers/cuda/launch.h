// Running an element-wise kernel over the tensors of a list on a GPU: dispatch on the dtype, the device and its current stream.
#pragma once

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "kernels/cuda/note.h"
#include "solvers/device_notes.h"
#include "solvers/ranges.h"

namespace neuralode::cuda {

/// Calls `body(scalar, i, count, stream)` for every tensor i that has elements, `scalar` a value of the kernels' element type.
template <class Body>
void for_each_tensor(const TensorList& like, const Body& body) {
  for (std::size_t i = 0; i < like.size(); ++i) {
    const auto count = like[i].numel();
    if (count == 0) continue;
    const c10::cuda::CUDAGuard guard(like[i].device());
    const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
    ranges::with_element_type(like[i].scalar_type(), [&](auto scalar) { body(scalar, i, count, stream); });
  }
}

/// The elements of tensor `index`.
template <class Scalar>
Scalar* all(const TensorList& list, std::size_t index, Scalar scalar) {
  return ranges::data(list, index, 0, scalar);
}
inline std::int64_t* whole(const TensorList& list, std::size_t index) { return all(list, index, std::int64_t{}); }

inline kernels::cuda::Note note_of(const DeviceNotes* notes) {
  return notes == nullptr ? kernels::cuda::Note{} : kernels::cuda::Note{notes->word(), notes->code()};
}

}  // namespace neuralode::cuda
