#include "tensors/layout.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace neuralode {

at::Tensor with_layout_of(const at::Tensor& tensor, const at::Tensor& reference) {
  if (tensor.strides() == reference.strides()) return tensor;
  at::Tensor copy = at::empty_strided(reference.sizes(), reference.strides(), tensor.options());
  copy.copy_(tensor);
  return copy;
}

at::Tensor dense_copy(const at::Tensor& tensor) {
  at::Tensor copy = tensor.is_non_overlapping_and_dense()
                        ? at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options())
                        : at::empty(tensor.sizes(), tensor.options());
  copy.copy_(tensor);
  return copy;
}

bool owns_storage_alone(const at::Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.unsafeGetTensorImpl()->storage().use_count() == 1;
}

TensorList laid_out_as(TensorList tensors, const TensorList& reference) {
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i] = with_layout_of(tensors[i], reference[i]);
  return tensors;
}

TensorList taken_over(TensorList tensors, const TensorList& reference) {
  tensors = laid_out_as(std::move(tensors), reference);
  for (auto& tensor : tensors) {
    tensor = tensor.detach();
    if (!owns_storage_alone(tensor)) tensor = dense_copy(tensor);
  }
  return tensors;
}

void take_back(TensorList& buffers) {
  for (auto& buffer : buffers)
    if (!owns_storage_alone(buffer)) buffer = at::empty_strided(buffer.sizes(), buffer.strides(), buffer.options());
}

TensorList empty_like(const TensorList& reference) {
  TensorList result(reference.size());
  std::transform(reference.begin(), reference.end(), result.begin(),
                 [](const at::Tensor& tensor) { return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options()); });
  return result;
}

TensorList zeros_like(const TensorList& reference) {
  auto result = empty_like(reference);
  for (auto& tensor : result) tensor.zero_();
  return result;
}

}  // namespace neuralode
