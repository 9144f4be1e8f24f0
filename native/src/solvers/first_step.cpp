#include "solvers/first_step.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "solvers/rk_kernels.h"
#include "tensors/layout.h"

namespace neuralode {

double scaled_norm(const TensorList& x, const TensorList& reference, double rtol, double atol) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto scale = reference[i].to(at::kDouble).abs().mul_(rtol).add_(atol);
    sum += x[i].to(at::kDouble).div(scale).square_().sum().item<double>();
    count += static_cast<double>(x[i].numel());
  }
  return std::sqrt(sum / std::max(count, 1.0));
}

double first_step_size(const TensorList& z, const TensorList& v, double rtol, double atol, double span) {
  return first_step_guess(scaled_norm(z, z, rtol, atol), scaled_norm(v, z, rtol, atol), span);
}

double first_step_guess(double size, double speed, double span) {
  // One hundredth of the time in which z changes by its own size.
  const double guess = size < 1e-5 || speed < 1e-5 ? 1e-6 : 0.01 * size / speed;
  return std::min(guess, span);
}

double second_step_guess(double guess, double speed, double curvature, int error_order, double span) {
  const double steepest = std::max(speed, curvature);
  const double step = steepest <= 1e-15 ? std::max(1e-6, guess * 1e-3) : std::pow(0.01 / steepest, 1.0 / error_order);
  return std::min({100 * guess, std::isfinite(step) ? step : guess, span});
}

double hairer_first_step(const TensorList& z, const TensorList& v,
                         const std::function<TensorList(double later, const TensorList& z)>& evaluate, double direction, double rtol,
                         double atol, double span, int error_order, std::size_t measured) {
  const auto some = [measured](const TensorList& list) {
    return TensorList(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min(measured, list.size())));
  };
  const double guess = first_step_size(some(z), some(v), rtol, atol, span);
  auto there = empty_like(z);
  combine(z, {v}, {1}, direction * guess, there);
  auto change = laid_out_as(evaluate(direction * guess, there), z);
  for (std::size_t i = 0; i < change.size(); ++i) change[i] = change[i].detach().sub(v[i]);
  return second_step_guess(guess, scaled_norm(some(v), some(z), rtol, atol), scaled_norm(some(change), some(z), rtol, atol) / guess,
                           error_order, span);
}

}  // namespace neuralode
