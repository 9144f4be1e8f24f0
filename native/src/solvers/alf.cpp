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

TensorList copies_of(const TensorList& tensors) {
  TensorList result;
  for (const auto& tensor : tensors) result.push_back(dense_copy(tensor.detach()));
  return result;
}

void copy_into(const TensorList& target, const TensorList& source) {
  for (std::size_t i = 0; i < target.size(); ++i) target[i].copy_(source[i]);
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

double first_step_size(const TensorList& z, const TensorList& v, double rtol, double atol, double span) {
  // One hundredth of the time in which z changes by its own size.
  const double size = scaled_norm(z, z, rtol, atol), speed = scaled_norm(v, z, rtol, atol);
  const double guess = size < 1e-5 || speed < 1e-5 ? 1e-6 : 0.01 * size / speed;
  return std::min(guess, span);
}

AlfStepper::AlfStepper(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, double t0, const TensorList& z0, bool keep,
                       AlfObserver observer)
    : dynamics_(dynamics), random_(random), arithmetic_(arithmetic), observer_(std::move(observer)) {
  auto z = copies_of(z0);
  for (std::size_t i = 0; i < z.size(); ++i)
    if (!all_finite({z[i]})) fail(Status::non_finite, "z0[", i, "] has infinite or NaN elements; check the input at t0 = ", t0);
  const auto v0 = laid_out_as(evaluate(t0, z), z);
  for (std::size_t i = 0; i < v0.size(); ++i)
    if (!all_finite({v0[i]}))
      fail(Status::non_finite, "f(t0, z0) has infinite or NaN elements in state ", i, "; check the dynamics at t0 = ", t0);
  state_ = arithmetic_.start(std::move(z), v0);
  next_ = arithmetic_.room_after(state_, keep);
}

TensorList AlfStepper::evaluate(double t, const TensorList& z) {
  random_.before(evaluations_);
  auto u = dynamics_.eval(time_tensor(t, z), z);
  random_.after(evaluations_);
  ++evaluations_;
  return u;
}

double AlfStepper::initial_step_size(double rtol, double atol, double span) {
  return first_step_size(arithmetic_.z_of(state_), arithmetic_.v_of(state_), rtol, atol, span);
}

std::int64_t AlfStepper::attempt(double t, double h, std::int64_t) {
  if (std::exchange(new_step_, false) && observer_.before_step) observer_.before_step(h, state_);
  t_ = t;
  h_ = h;
  u_.clear();
  const auto& k = arithmetic_.head(state_, next_, h);
  u_ = laid_out_as(evaluate(t + h / 2, k), k);
  result_ = arithmetic_.tail(state_, u_, next_, h);
  return evaluations_ - 1;
}

double AlfStepper::error(double rtol, double atol) {
  if (result_ != StepResult::fine) return INFINITY;  // an infinite z would scale its own error away
  return alf_error_norm(arithmetic_.z_of(state_), arithmetic_.z_of(next_), u_, arithmetic_.v_of(state_), h_, rtol, atol);
}

void AlfStepper::require_acceptable() const {
  if (result_ == StepResult::fine) return;
  const auto where = text_of(" at step ", accepted_ + 1, ", t = ", t_ + h_ / 2);
  if (result_ == StepResult::overflow)
    fail(Status::lattice_overflow, "the state outgrew its fixed-point numbers", where, ": it is thousands of times larger than z0 and v0 were; ",
         "scale the problem, use shorter steps, or reversal float");
  for (std::size_t i = 0; i < u_.size(); ++i)
    if (!all_finite({u_[i]}))
      fail(Status::non_finite, "f(t, z) has infinite or NaN elements in state ", i, where, "; use shorter steps or adaptive ones, or check f there");
  fail(Status::non_finite, "the state became infinite or NaN", where, "; use shorter steps or adaptive ones, or check f there");
}

void AlfStepper::accept() {
  std::swap(state_, next_);
  ++accepted_;
  new_step_ = true;
}

AlfReplay::AlfReplay(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, const AlfState& start)
    : dynamics_(dynamics), random_(random), arithmetic_(arithmetic), state_(copy_of(start)), next_(arithmetic.room_after(state_, /*keep=*/false)) {}

void AlfReplay::step(const Grid::Step& step) {
  const auto& k = arithmetic_.head(state_, next_, step.h);
  random_.replay(step.evaluation);
  const auto u = laid_out_as(dynamics_.eval(time_tensor(step.t + step.h / 2, k), k), k);
  drop_kept_casts(k[0].device().type());  // made without a graph, they must not serve a linearised evaluation
  arithmetic_.tail(state_, u, next_, step.h);
  std::swap(state_, next_);
}

AlfReverse::AlfReverse(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, const AlfState& end, TensorList parameters,
                       bool wants_times)
    : dynamics_(dynamics),
      random_(random),
      arithmetic_(arithmetic),
      parameters_(std::move(parameters)),
      wants_times_(wants_times),
      state_(copy_of(end)),
      a_parameters_(parameters_.size()) {
  a_z_ = zeros_like(arithmetic_.z_of(state_));
  a_v_ = zeros_like(a_z_);
  a_u_ = empty_like(a_z_);
}

void AlfReverse::add_cotangent(const TensorList& a_z) {
  for (std::size_t i = 0; i < a_z_.size(); ++i)
    if (a_z[i].defined()) a_z_[i].add_(a_z[i]);
}

std::pair<TensorList, InputCotangents> AlfReverse::linearised(double t, const TensorList& z, const TensorList& a_u, std::int64_t evaluation) {
  random_.replay(evaluation);
  auto result = dynamics_.vjp(time_tensor(t, z), z, a_u, parameters_, wants_times_);
  drop_kept_casts(z[0].device().type());
  ++evaluations_;
  accumulate(a_parameters_, result.second.a_parameters);
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

AlfReverse::TimeCotangents AlfReverse::step(const Grid::Step& step, bool wants_h) {
  TimeCotangents result;
  take_back(a_u_);
  const auto& k = arithmetic_.reverse_head(state_, a_z_, a_v_, a_u_, step.h);
  const auto [u, cotangents] = linearised(step.t + step.h / 2, k, a_u_, step.evaluation);
  if (wants_times_) result.evaluation_time = scalar(cotangents.a_t);
  if (wants_h) result.h += dot(a_z_, arithmetic_.v_of(state_)) / 2;
  arithmetic_.reverse_tail(state_, u, cotangents.a_z, a_z_, a_v_, step.h);
  if (wants_h) result.h += dot(a_z_, arithmetic_.v_of(state_)) / 2;
  return result;
}

AlfReverse::Start AlfReverse::start(double t0, const TensorList& z0) {
  auto [v0, cotangents] = linearised(t0, z0, a_v_, /*evaluation=*/0);
  add_cotangent(cotangents.a_z);
  return {std::move(v0), scalar(cotangents.a_t)};
}

void AlfReverse::set_state(const AlfState& state) {
  copy_into(state_.z, state.z);
  copy_into(state_.v, state.v);
}

AlfReverse::Cotangents AlfReverse::copy_cotangents() const { return {copies_of(a_z_), copies_of(a_v_)}; }

void AlfReverse::set_cotangents(const Cotangents& cotangents) {
  const auto set = [](const TensorList& target, const TensorList& source) {
    for (std::size_t i = 0; i < target.size(); ++i) source.empty() ? target[i].zero_() : target[i].copy_(source[i]);
  };
  set(a_z_, cotangents.a_z);
  set(a_v_, cotangents.a_v);
}

TensorList AlfReverse::take_parameters() { return std::exchange(a_parameters_, TensorList(parameters_.size())); }

void accumulate(TensorList& sum, const TensorList& gradients) {
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto& gradient = gradients[i];
    if (!gradient.defined()) continue;
    if (sum[i].defined())
      sum[i].add_(gradient);
    else  // a gradient may be a view of the cotangent that it came from, which the next step writes over
      sum[i] = owns_storage_alone(gradient) && gradient.is_non_overlapping_and_dense() ? gradient : dense_copy(gradient);
  }
}

}  // namespace neuralode
