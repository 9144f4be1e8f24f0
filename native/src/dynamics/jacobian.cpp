// Jacobians as matrices, and products without autograd.
#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "dynamics/dynamics.h"
#include "tensors/flat.h"

namespace neuralode {

namespace {

/// Row i of the result: `product` of the i-th unit vector.
at::Tensor stacked_products(const std::function<TensorList(const TensorList&)>& product, const TensorList& z) {
  const auto zero = at::zeros_like(flat(z));
  const auto n = zero.numel();
  auto rows = at::empty({n, n}, zero.options());
  for (std::int64_t i = 0; i < n; ++i) {
    auto unit = zero.clone();
    unit[i] = 1;
    auto result = product(unflat(unit, z));
    for (std::size_t j = 0; j < result.size(); ++j)
      if (!result[j].defined()) result[j] = at::zeros_like(z[j]);
    rows[i].copy_(flat(result));
  }
  return rows;
}

}  // namespace

at::Tensor jacobian_of(const Linearization& linearization, const TensorList& z) {
  return stacked_products(linearization.state_pullback, z);
}

at::Tensor jacobian_of(const Tangents& tangents, const TensorList& z) { return stacked_products(tangents.jvp, z).t().contiguous(); }

Tangents difference_tangents(Dynamics& dynamics, const at::Tensor& t, const TensorList& z) {
  const at::NoGradGuard not_recording;
  Tangents result;
  for (const auto& u : dynamics.eval(t, z)) result.u.push_back(u.detach().clone());  // f may return a tensor that it keeps
  const double epsilon = z[0].element_size() < 4            ? 1.0 / 128
                         : z[0].scalar_type() == at::kFloat ? std::numeric_limits<float>::epsilon()
                                                            : std::numeric_limits<double>::epsilon();
  result.jvp = [&dynamics, t, z, u = result.u, epsilon, size = flat(z).norm().item<double>()](const TensorList& v) {
    const at::NoGradGuard off;
    const double length = flat(v).norm().item<double>();
    TensorList moved, product;
    const double e = length > 0 ? std::sqrt(epsilon) * (1 + size) / length : 1;
    for (std::size_t i = 0; i < z.size(); ++i) moved.push_back(z[i] + e * v[i]);
    const auto there = dynamics.eval(t, moved);
    for (std::size_t i = 0; i < z.size(); ++i) product.push_back((there[i] - u[i]) / e);
    return product;
  };
  return result;
}

}  // namespace neuralode
