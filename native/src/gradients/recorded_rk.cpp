#include "gradients/recorded_rk.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"
#include "solvers/rk_kernels.h"

namespace neuralode {

double RecordedRk::initial_step_size(double rtol, double atol, double span) {
  evaluate_start(segment_start_, state_.z);
  require_finite_start(u_[0]);
  const double guess = first_step_size(plain(state_.z), plain(u_[0]), rtol, atol, span);
  const double signed_guess = landings_.times.back() < landings_.t0 ? -guess : guess;
  const at::NoGradGuard not_recording;
  auto z1 = plain(state_.z);
  for (std::size_t i = 0; i < z1.size(); ++i) z1[i] = z1[i] + signed_guess * u_[0][i];
  auto change = evaluate(segment_start_ + signed_guess, z1);
  for (std::size_t i = 0; i < change.size(); ++i) change[i] = change[i] - u_[0][i];
  return second_step_guess(guess, scaled_norm(plain(u_[0]), plain(state_.z), rtol, atol),
                           scaled_norm(plain(change), plain(state_.z), rtol, atol) / guess, tableau_.error_order, span);
}

double RecordedRk::error(double rtol, double atol) {
  const auto z_next = plain(tried_.z);
  if (!all_finite(z_next)) return INFINITY;
  std::vector<TensorList> k;
  for (const auto& stage : u_) k.push_back(stage.empty() ? k.front() : plain(stage));  // one that closes late has weight 0
  auto e = plain(state_.z);
  for (auto& tensor : e) tensor = at::empty_like(tensor);
  return combine({}, k, tableau_.error, h_, e) ? scaled_error_norm(e, plain(state_.z), z_next, rtol, atol) : INFINITY;
}

void RecordedRk::accept() {
  if (closes_late(tableau_)) u_.back() = evaluate(start_ + length_, tried_.z);
  RecordedStepper::accept();
  has_start_ = tableau_.fsal;
  if (has_start_) std::swap(u_.front(), u_.back());
}

void RecordedRk::retract() {
  RecordedStepper::retract();
  std::swap(u_.front(), u_.back());
}

TensorList RecordedRk::inside(const at::Tensor& theta) const {
  const auto s = theta.to(before_.z[0].scalar_type()), h = length_.to(before_.z[0].scalar_type());
  auto z = before_.z;
  const auto last = tableau_.stages() - 1;
  for (std::size_t j = 0; j <= last; ++j) {
    auto weight = at::zeros_like(s);
    for (auto m = tableau_.interpolant[j].size(); m-- > 0;) weight = s * (tableau_.interpolant[j][m] + weight);
    const auto& k = u_[j == 0 ? last : j == last ? 0 : j];  // as accept() swapped them
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = z[i] + h * weight * k[i];
  }
  return z;
}

void RecordedRk::advance(const at::Tensor& start, const at::Tensor& length) {
  evaluate_start(start, state_.z);
  evaluate_stages(start, length, state_.z, u_);
  tried_.z = moved(state_.z, length.to(state_.z[0].scalar_type()), tableau_.b, u_);
}

void RecordedRk::evaluate_start(const at::Tensor& t, const TensorList& z) {
  if (std::exchange(has_start_, true)) return;
  u_.resize(tableau_.stages());
  u_[0] = evaluate(t, z);
}

void RecordedRk::evaluate_stages(const at::Tensor& start, const at::Tensor& length, const TensorList& z, std::vector<TensorList>& u) {
  const auto h = length.to(z[0].scalar_type());
  const auto count = closes_late(tableau_) ? u.size() - 1 : u.size();
  for (std::size_t i = 1; i < count; ++i) u[i] = evaluate(start + tableau_.c[i] * length, moved(z, h, tableau_.a[i], u));
}

TensorList RecordedRk::moved(const TensorList& z, const at::Tensor& h, const std::vector<double>& weights,
                             const std::vector<TensorList>& u) {
  TensorList result;
  for (std::size_t i = 0; i < z.size(); ++i) {
    auto sum = z[i];
    for (std::size_t j = 0; j < weights.size(); ++j)
      if (weights[j] != 0) sum = sum + h * weights[j] * u[j][i];
    result.push_back(std::move(sum));
  }
  return result;
}

std::unique_ptr<RecordedStepper> make_recorded_rk(const Problem& problem, const Landings& landings, bool interpolating) {
  return std::make_unique<RecordedRk>(problem, landings, interpolating);
}

}  // namespace neuralode
