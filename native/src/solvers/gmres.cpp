#include "solvers/gmres.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace neuralode {

namespace {

/// One cycle: the Krylov space of a residual, and the least-squares problem in it.
class Cycle {
 public:
  Cycle(const at::Tensor& residual, double size, std::int64_t dimension)
      : basis_(at::empty({dimension + 1, residual.numel()}, residual.options())), right_side_{size} {
    basis_[0].copy_(residual / size);
  }

  /// Takes A applied to the last (preconditioned) basis vector. Returns the size of the residual.
  double extend(at::Tensor product) {
    const auto count = columns_.size();
    std::vector<double> column;
    for (std::size_t i = 0; i <= count; ++i) {
      const auto vector = basis_[static_cast<std::int64_t>(i)];
      column.push_back(at::dot(product, vector).item<double>());
      product = product - column.back() * vector;
    }
    const double rest = product.norm().item<double>();
    if (rest > 0) basis_[static_cast<std::int64_t>(count) + 1].copy_(product / rest);
    for (std::size_t i = 0; i < count; ++i) rotate(rotations_[i], column[i], column[i + 1]);
    const double length = std::hypot(column.back(), rest);
    rotations_.push_back(length > 0 ? Rotation{column.back() / length, rest / length} : Rotation{1, 0});
    column.back() = length;
    right_side_.push_back(0);
    rotate(rotations_.back(), right_side_[count], right_side_[count + 1]);
    columns_.push_back(std::move(column));
    exhausted_ = rest == 0;
    return std::abs(right_side_.back());
  }

  at::Tensor last() const { return basis_[static_cast<std::int64_t>(columns_.size())]; }
  /// Whether the space holds the solution.
  bool exhausted() const { return exhausted_; }

  /// The combination of basis vectors that the least-squares problem asks for.
  at::Tensor solution() const {
    auto weights = right_side_;
    for (std::size_t i = columns_.size(); i-- > 0;) {
      for (std::size_t j = i + 1; j < columns_.size(); ++j) weights[i] -= columns_[j][i] * weights[j];
      weights[i] = columns_[i][i] != 0 ? weights[i] / columns_[i][i] : 0;
    }
    auto sum = at::zeros_like(basis_[0]);
    for (std::size_t i = 0; i < columns_.size(); ++i) sum.add_(basis_[static_cast<std::int64_t>(i)], weights[i]);
    return sum;
  }

 private:
  struct Rotation {
    double cosine, sine;
  };
  static void rotate(const Rotation& rotation, double& upper, double& lower) {
    const double before = upper;
    upper = rotation.cosine * before + rotation.sine * lower;
    lower = rotation.cosine * lower - rotation.sine * before;
  }

  at::Tensor basis_;
  std::vector<std::vector<double>> columns_;  // of the triangular factor
  std::vector<Rotation> rotations_;
  std::vector<double> right_side_;
  bool exhausted_ = false;
};

}  // namespace

GmresResult gmres(const LinearMap& apply, const LinearMap& precondition, const at::Tensor& b, const GmresOptions& options) {
  const auto preconditioned = [&](const at::Tensor& vector) { return precondition ? precondition(vector) : vector; };
  GmresResult result{at::zeros_like(b)};
  const double size = b.norm().item<double>();
  if (size == 0) return result;
  if (!std::isfinite(size)) return {at::full_like(b, NAN), INFINITY};
  auto residual = b;
  double left = size;
  const auto dimension = std::min(options.dimension, b.numel());
  for (;;) {
    Cycle cycle(residual, left, dimension);
    double estimate = left;
    for (std::int64_t i = 0; i < dimension && result.products < options.max_products; ++i) {
      estimate = cycle.extend(apply(preconditioned(cycle.last())));
      ++result.products;
      if (estimate <= options.tolerance * size || cycle.exhausted()) break;
    }
    result.x = result.x + preconditioned(cycle.solution());
    result.residual = estimate / size;
    // A loose solution is not checked: the estimate is off by rounding alone.
    if (options.tolerance >= 1e-6 && result.residual <= options.tolerance) return result;
    residual = b - apply(result.x);
    ++result.products;
    const double before = std::exchange(left, residual.norm().item<double>());
    result.residual = left / size;
    // A cycle that hardly helps stands at rounding, or will never end.
    if (result.residual <= options.tolerance || result.products >= options.max_products || !(left < 0.9 * before)) return result;
  }
}

}  // namespace neuralode
