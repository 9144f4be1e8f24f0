// Memory layouts that the element-wise kernels can run over.
#pragma once

#include "tensors/tensor_list.h"

namespace neuralode {

/// `tensor` with exactly the strides of `reference` (which is dense), copied only if it has others. Same shape, dtype, device.
at::Tensor with_layout_of(const at::Tensor& tensor, const at::Tensor& reference);

/// A dense copy of `tensor` that nobody else holds, keeping channels_last and other dense layouts.
at::Tensor dense_copy(const at::Tensor& tensor);

/// Whether `tensor` is the only handle to itself and no other tensor shares its storage.
bool owns_storage_alone(const at::Tensor& tensor);

/// with_layout_of for every tensor of a list.
TensorList laid_out_as(TensorList tensors, const TensorList& reference);

/// Detached and laid out as `reference`, copied where somebody else holds them too: what f returned, which may be its input or kept by it.
TensorList taken_over(TensorList tensors, const TensorList& reference);

/// Replaces the tensors whose memory somebody else holds too, so that they can be written over.
void take_back(TensorList& buffers);

/// An uninitialised list shaped and laid out as `reference`.
TensorList empty_like(const TensorList& reference);
TensorList zeros_like(const TensorList& reference);

}  // namespace neuralode
