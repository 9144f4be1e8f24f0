#include "tensors/flat.h"

#include <ATen/ATen.h>

#include "tensors/layout.h"

namespace neuralode {

at::Tensor flat(const TensorList& tensors) {
  TensorList parts;
  for (const auto& tensor : tensors) parts.push_back(tensor.reshape({-1}));
  const auto vector = at::cat(parts);
  return vector.element_size() < 4 ? vector.to(at::kFloat) : vector;
}

TensorList unflat(const at::Tensor& vector, const TensorList& like) {
  TensorList parts;
  std::int64_t begin = 0;
  for (const auto& tensor : like) {
    const auto part = vector.narrow(0, begin, tensor.numel()).reshape(tensor.sizes()).to(tensor.scalar_type());
    parts.push_back(with_layout_of(part, tensor));
    begin += tensor.numel();
  }
  return parts;
}

}  // namespace neuralode
