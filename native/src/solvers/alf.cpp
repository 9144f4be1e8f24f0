#include "solvers/alf.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

at::Tensor time_tensor(double t, const TensorList& z) { return at::scalar_tensor(t, z[0].options().requires_grad(false)); }

TensorList laid_out_as(TensorList tensors, const TensorList& reference) {
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i] = with_layout_of(tensors[i], reference[i]);
  return tensors;
}

/// Replaces the tensors whose memory somebody else holds too (f may return or keep its input), so that they can be written over.
void take_back(TensorList& buffers) {
  for (auto& buffer : buffers)
    if (!owns_storage_alone(buffer)) buffer = at::empty_strided(buffer.sizes(), buffer.strides(), buffer.options());
}

TensorList copies_of(const TensorList& tensors) {
  TensorList result;
  for (const auto& tensor : tensors) result.push_back(dense_copy(tensor.detach()));
  return result;
}

/// Root mean square of x / (atol + rtol |reference|), over all elements.
double scaled_norm(const TensorList& x, const TensorList& reference, double rtol, double atol) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto scale = reference[i].to(at::kDouble).abs().mul_(rtol).add_(atol);
    sum += x[i].to(at::kDouble).div(scale).square_().sum().item<double>();
    count += static_cast<double>(x[i].numel());
  }
  return std::sqrt(sum / std::max(count, 1.0));
}

}  // namespace

void check_eta(double eta) {
  require(eta > 0 && eta <= 1, "eta: ", eta, " is outside (0, 1]; 1 is undamped");
  require(eta != 0.5, "eta: 0.5 leaves the step without an inverse (1 - 2 eta == 0); choose another value in (0, 1]");
}

double first_step_size(const AlfState& state, double rtol, double atol, double span) {
  // One hundredth of the time in which z changes by its own size.
  const double size = scaled_norm(state.z, state.z, rtol, atol), speed = scaled_norm(state.v, state.z, rtol, atol);
  const double guess = size < 1e-5 || speed < 1e-5 ? 1e-6 : 0.01 * size / speed;
  return std::min(guess, span);
}

AlfStepper::AlfStepper(Dynamics& dynamics, RandomReplay& random, double t0, const TensorList& z0, double eta, bool adaptive,
                       std::function<void(std::int64_t, const TensorList&)> on_landing)
    : dynamics_(dynamics), random_(random), eta_(eta), on_landing_(std::move(on_landing)) {
  state_.z = copies_of(z0);
  state_.v = empty_like(state_.z);
  const auto v0 = evaluate(t0, state_.z);
  for (std::size_t i = 0; i < v0.size(); ++i) state_.v[i].copy_(v0[i]);  // f may return its input, or a tensor that it keeps
  k_ = empty_like(state_.z);
  v_next_ = adaptive ? empty_like(state_.v) : state_.v;
  if (!all_finite(state_.v))
    fail(Status::non_finite, all_finite(state_.z) ? "f(t0, z0) has infinite or NaN elements; check the dynamics at t0 = "
                                                  : "z0 has infinite or NaN elements; check the input at t0 = ", t0);
}

TensorList AlfStepper::evaluate(double t, const TensorList& z) {
  random_.before(evaluations_);
  auto u = dynamics_.eval(time_tensor(t, z), z);
  random_.after(evaluations_);
  ++evaluations_;
  return u;
}

std::int64_t AlfStepper::attempt(double t, double h, std::int64_t) {
  h_ = h;
  u_.clear();
  take_back(k_);
  alf_head(state_.z, state_.v, k_, h);
  u_ = laid_out_as(evaluate(t + h / 2, k_), k_);
  // z' takes the midpoint's place, unless f gave that tensor out or kept it.
  const auto midpoint = std::all_of(k_.begin(), k_.end(), owns_storage_alone) ? k_ : std::exchange(k_, empty_like(k_));
  alf_tail(midpoint, state_.v, u_, k_, v_next_, h, eta_);
  return evaluations_ - 1;
}

double AlfStepper::error(double rtol, double atol) {
  if (!all_finite(k_)) return INFINITY;  // an infinite z would scale its own error away
  return alf_error_norm(state_.z, k_, u_, state_.v, h_, rtol, atol);
}

void AlfStepper::accept() {
  std::swap(state_.z, k_);
  std::swap(state_.v, v_next_);
}

AlfReverse::AlfReverse(Dynamics& dynamics, RandomReplay& random, const AlfState& end, double eta, TensorList parameters, bool wants_times)
    : dynamics_(dynamics),
      random_(random),
      eta_(eta),
      parameters_(std::move(parameters)),
      wants_times_(wants_times),
      state_{copies_of(end.z), copies_of(end.v)},
      k_(empty_like(state_.z)),
      a_u_(empty_like(state_.z)),
      a_z_(zeros_like(state_.z)),
      a_v_(zeros_like(state_.z)),
      a_parameters_(parameters_.size()) {}

void AlfReverse::add_cotangent(const TensorList& a_z) {
  for (std::size_t i = 0; i < a_z_.size(); ++i)
    if (a_z[i].defined()) a_z_[i].add_(a_z[i]);
}

std::pair<TensorList, InputCotangents> AlfReverse::linearised(double t, const TensorList& z, const TensorList& a_u, std::int64_t evaluation) {
  random_.replay(evaluation);
  auto result = dynamics_.vjp(time_tensor(t, z), z, a_u, parameters_, wants_times_);
  drop_kept_casts(z[0].device().type());
  ++evaluations_;
  accumulate(result.second.a_parameters);
  result.first = laid_out_as(std::move(result.first), z);
  auto& g = result.second.a_z;
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (!g[i].defined()) {
      if (zeros_.empty()) zeros_ = zeros_like(z);
      g[i] = zeros_[i];
    }
    g[i] = with_layout_of(g[i], z[i]);
  }
  return result;
}

void AlfReverse::accumulate(const TensorList& a_parameters) {
  for (std::size_t i = 0; i < a_parameters.size(); ++i) {
    const auto& gradient = a_parameters[i];
    if (!gradient.defined()) continue;
    if (a_parameters_[i].defined())
      a_parameters_[i].add_(gradient);
    else  // a gradient may be a view of the cotangent that it came from, which the next step writes over
      a_parameters_[i] = owns_storage_alone(gradient) && gradient.is_non_overlapping_and_dense() ? gradient : dense_copy(gradient);
  }
}

AlfReverse::TimeCotangents AlfReverse::step(const Grid::Step& step, bool wants_h) {
  TimeCotangents result;
  take_back(k_);
  take_back(a_u_);
  alf_reverse_head(state_.z, state_.v, a_z_, a_v_, k_, a_u_, step.h, eta_);
  const auto [u, cotangents] = linearised(step.t + step.h / 2, k_, a_u_, step.evaluation);
  if (wants_times_) result.evaluation_time = scalar(cotangents.a_t);
  if (wants_h) result.h += dot(a_z_, state_.v) / 2;
  // k_'s memory is free after the pullback unless f gave it out or kept it; state_.z's is always ours.
  alf_reverse_tail(k_, state_.v, u, cotangents.a_z, state_.z, state_.v, a_z_, a_v_, step.h, eta_);
  if (wants_h) result.h += dot(a_z_, state_.v) / 2;
  return result;
}

double AlfReverse::start(double t0) {
  const auto [v0, cotangents] = linearised(t0, state_.z, a_v_, /*evaluation=*/0);
  add_cotangent(cotangents.a_z);
  return scalar(cotangents.a_t);
}

}  // namespace neuralode
