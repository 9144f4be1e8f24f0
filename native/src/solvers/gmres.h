// GMRES. Source: Saad & Schultz 1986; right preconditioning, restarts, modified Gram-Schmidt and Givens rotations.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace neuralode {

using LinearMap = std::function<at::Tensor(const at::Tensor&)>;

struct GmresOptions {
  double tolerance = 1e-3;      ///< |b - A x| <= tolerance |b|, 2-norms
  std::int64_t dimension = 30;  ///< products before a restart
  std::int64_t max_products = 300;
};

struct GmresResult {
  at::Tensor x;
  double residual = 0;  ///< |b - A x| / |b|
  std::int64_t products = 0;
};

/// Solves A x = b from x = 0. b: (n,). precondition: approximates A^-1; may be empty. The result tells how far it came.
GmresResult gmres(const LinearMap& apply, const LinearMap& precondition, const at::Tensor& b, const GmresOptions& options);

}  // namespace neuralode
