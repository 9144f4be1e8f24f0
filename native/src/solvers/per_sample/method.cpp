#include "solvers/per_sample/method.h"

#include <ATen/ATen.h>

#include "tensors/layout.h"

namespace neuralode {

TensorList owned(TensorList u, const TensorList& z) {
  u = laid_out_as(std::move(u), z);
  for (auto& tensor : u) tensor = tensor.detach();
  make_own(u);
  return u;
}

void make_own(TensorList& tensors) {
  for (auto& tensor : tensors)
    if (!owns_storage_alone(tensor)) tensor = dense_copy(tensor);
}

at::Tensor sample_times(const std::vector<double>& t, const TensorList& z) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(z[0].dim()), 1);
  sizes[0] = static_cast<std::int64_t>(t.size());
  return at::tensor(t, at::kDouble).reshape(sizes).to(z[0].options().requires_grad(false));
}

}  // namespace neuralode
