#include "solvers/newton.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "solvers/gmres.h"
#include "solvers/rk_kernels.h"
#include "tensors/autocast.h"
#include "tensors/flat.h"
#include "tensors/layout.h"

namespace neuralode {

NewtonSettings newton_settings(const NewtonOptions& options, const StepSizeOptions& steps, double epsilon) {
  NewtonSettings settings;
  const bool adaptive = steps.step_size == 0;
  const double tolerance = options.tolerance > 0 ? options.tolerance : adaptive ? 1e-3 : std::pow(epsilon, 2.0 / 3);
  settings.rtol = tolerance * (adaptive ? steps.rtol : 1);
  settings.atol = tolerance * (adaptive ? steps.atol : 1);
  settings.epsilon = epsilon;
  settings.patient = !adaptive;
  if (!adaptive) settings.max_iterations = 50;
  if (options.dense_limit > 0) settings.dense_limit = options.dense_limit;
  if (options.max_iterations > 0) settings.max_iterations = options.max_iterations;
  if (options.krylov_dimension > 0) settings.krylov_dimension = options.krylov_dimension;
  return settings;
}

NewtonMatrix::NewtonMatrix(const at::Tensor& t, const TensorList& z, std::function<TensorList(const TensorList& v)> product,
                           const Preconditioner& preconditioner, bool transposed, std::int64_t krylov_dimension, std::int64_t* products) {
  iterate_ = [=](const at::Tensor& r, double scale, double tolerance) {
    const auto apply = [&](const at::Tensor& v) {
      ++*products;
      auto jv = product(unflat(v, z));
      for (std::size_t i = 0; i < jv.size(); ++i)
        if (!jv[i].defined()) jv[i] = at::zeros_like(z[i]);
      return v - scale * flat(jv);
    };
    LinearMap precondition;
    if (preconditioner) precondition = [&](const at::Tensor& v) { return flat(preconditioner(t, z, scale, transposed, unflat(v, z))); };
    const auto result = gmres(apply, precondition, r, {tolerance, krylov_dimension, 20 * krylov_dimension});
    return Result{result.x, result.residual};
  };
}

NewtonMatrix::Result NewtonMatrix::solve(const at::Tensor& r, double scale, double tolerance, bool transposed) {
  if (iterate_) return iterate_(r, scale, tolerance);
  if (factored_scale_ != scale) {
    auto matrix = jacobian_ * -scale;
    matrix.diagonal().add_(1);
    std::tie(factors_, pivots_, std::ignore) = at::linalg_lu_factor_ex(matrix);
    factored_scale_ = scale;
  }
  return {at::linalg_lu_solve(factors_, pivots_, r.unsqueeze(1), /*left=*/true, /*adjoint=*/transposed).squeeze(1)};
}

StageEquations::StageEquations(Dynamics& f, const NewtonSettings& settings, Around around, ImplicitWork& work)
    : f_(f), settings_(settings), around_(std::move(around)), work_(work) {}

bool StageEquations::is_dense(const TensorList& z) const {
  std::int64_t count = 0;
  for (const auto& tensor : z) count += tensor.numel();
  return count <= settings_.dense_limit;
}

TensorList StageEquations::linearise(bool start, const at::Tensor& t, const TensorList& z) {
  TensorList u;
  around_(start, [&] {
    if (is_dense(z)) {
      auto [value, jacobian] = f_.jacobian(t, z);
      u = std::move(value);
      work_.jacobian_products += jacobian.size(0);
      matrix_ = NewtonMatrix(std::move(jacobian));
    } else {
      TensorList point;  // z is written over while the products are still wanted
      for (const auto& tensor : z) point.push_back(dense_copy(tensor));
      auto tangents = f_.tangents(t, point);
      u = std::move(tangents.u);
      matrix_ = NewtonMatrix(t, point, std::move(tangents.jvp), f_.preconditioner(), /*transposed=*/false, settings_.krylov_dimension,
                             &work_.jacobian_products);
    }
    drop_kept_casts(z[0].device().type());
  });
  has_matrix_ = true;
  return laid_out_as(std::move(u), z);
}

TensorList StageEquations::begin(const at::Tensor& t, const TensorList& z) {
  if (is_dense(z)) {
    auto u = linearise(/*start=*/true, t, z);
    start_ = matrix_;
    return u;
  }
  has_matrix_ = false;
  TensorList u;
  around_(/*start=*/true, [&] { u = f_.eval(t, z); });
  return laid_out_as(std::move(u), z);
}

double StageEquations::size_of(const at::Tensor& update, const TensorList& z) const {
  if (update.numel() == 0) return 0;
  const auto scale = flat(z).abs().mul_(settings_.rtol + 16 * settings_.epsilon).add_(settings_.atol);
  return update.div(scale).to(at::kDouble).square().mean().sqrt().item<double>();
}

StageEquations::Outcome StageEquations::solve(const at::Tensor& t, const TensorList& base, double scale, TensorList& y) {
  const bool dense = is_dense(base);
  auto z = empty_like(base), guess = dense ? empty_like(base) : TensorList{};
  if (dense) combine({}, {y}, {1}, 1, guess);
  // Whether this iteration gets the Jacobian at its own point, and whether every one does from now on.
  bool fresh = !dense, always_fresh = !dense;
  double before = 0;  // size of the update before, 0: none to compare with
  for (std::int32_t iteration = 0; iteration < settings_.max_iterations; ++iteration) {
    take_back(z);
    combine(base, {y}, {1}, 1, z);
    TensorList u;
    if (fresh)
      u = linearise(/*start=*/false, t, z);
    else
      around_(/*start=*/false, [&] { u = laid_out_as(f_.eval(t, z), z); });
    ++work_.newton_iterations;
    if (before == 0 && !all_finite(u)) {
      y = std::move(u);
      return Outcome::non_finite;
    }
    const auto update = matrix_.solve(flat(u).mul_(scale).sub_(flat(y)), scale, /*tolerance=*/1e-3).x;
    const double size = size_of(update, z), rate = before > 0 ? size / before : 0;
    if (before > 0 && rate >= 1 && size <= 100 && update.norm().item<double>() <= 100 * settings_.epsilon * flat(z).norm().item<double>())
      return Outcome::converged;  // what is left is rounding
    if (!always_fresh && !(rate < 1)) {
      // Diverged with an old Jacobian: where it went, there may be another root. From the guess again.
      take_back(y);
      combine({}, {guess}, {1}, 1, y);
      fresh = always_fresh = true;
      before = 0;
      continue;
    }
    if (!std::isfinite(size) || (rate > 2 && !settings_.patient)) return Outcome::not_converged;
    combine(y, {unflat(update, y)}, {1}, 1, y);
    // What is left after a contraction by `rate`; the first update has none to compare with.
    if (before > 0 ? rate < 1 && size * std::max(rate, 1e-3) / (1 - rate) <= 1 : size <= 1e-2) return Outcome::converged;
    // At this rate the iterations that are left do not suffice (Hairer & Wanner II, IV.8.10).
    fresh = always_fresh || (before > 0 && (rate > 0.2 || size * std::pow(rate, settings_.max_iterations - 1 - iteration) > 1));
    before = size;
  }
  return Outcome::not_converged;
}

std::string StageEquations::remedy(const TensorList& z) const {
  return text_of("were not solved in max_newton_iterations = ", settings_.max_iterations,
                 "; raise it, use shorter steps or adaptive ones, ", is_dense(z) ? "" : "a preconditioner, ",
                 "or a larger newton_tolerance");
}

TensorList StageEquations::damped(const TensorList& r, double scale) {
  return has_matrix_ ? unflat(matrix_.solve(flat(r), scale, /*tolerance=*/1e-2).x, r) : r;
}

}  // namespace neuralode
