#include "solvers/sweeps.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// source: empty for zeros.
void copy_into(const TensorList& target, const TensorList& source) {
  for (std::size_t i = 0; i < target.size(); ++i) source.empty() ? target[i].zero_() : target[i].copy_(source[i]);
}

}  // namespace

at::Tensor time_tensor(double t, const TensorList& z) { return at::scalar_tensor(t, z[0].options().requires_grad(false)); }

TensorList ForwardStepper::evaluate(double t, const TensorList& z) {
  random_.before(evaluations_);
  auto u = dynamics_.eval(time_tensor(t, z), z);
  random_.after(evaluations_);
  ++evaluations_;
  return u;
}

void ForwardStepper::evaluate_as(std::int64_t number, bool first, const std::function<void()>& body) {
  first ? random_.before(number) : random_.replay(number);
  body();
  if (first) random_.after(number);
  ++evaluations_;
}

TensorList ForwardStepper::checked_start(const TensorList& z0, double t0) {
  notes_.begin(DeviceNotes::of_z0);
  TensorList z;
  for (std::size_t i = 0; i < z0.size(); ++i) {
    z.push_back(dense_copy(z0[i].detach()));
    if (!all_finite({z[i]}, &notes_)) fail(Status::non_finite, "z0[", i, "] has infinite or NaN elements; check the input at t0 = ", t0);
  }
  return z;
}

void ForwardStepper::require_finite_start(const TensorList& f0, double t0) {
  notes_.begin(DeviceNotes::of_start);
  for (std::size_t i = 0; i < f0.size(); ++i)
    if (!all_finite({f0[i]}, &notes_))
      fail(Status::non_finite, "f(t0, z0) has infinite or NaN elements in state ", i, "; check the dynamics at t0 = ", t0);
}

void ForwardStepper::finish(const Grid& grid) {
  if (!notes_.on_gpu() || !needs_.reads_notes || needs_.adaptive || needs_.every_state) return;
  const auto noted = notes_.read();
  if (!noted) return;
  const bool of_step = noted->item >= 0 && noted->item < static_cast<std::int64_t>(grid.steps.size());
  fail_noted(of_step ? grid.steps[static_cast<std::size_t>(noted->item)].t + grid.steps[static_cast<std::size_t>(noted->item)].h / 2
                     : grid.steps.empty() ? grid.end : grid.steps.front().t);
}

void ForwardStepper::fail_noted(double t) const {
  const auto noted = notes_.read();
  if (!noted) return;
  if (noted->item == DeviceNotes::of_z0) fail(Status::non_finite, "z0 has infinite or NaN elements; check the input at t0 = ", t);
  if (noted->item == DeviceNotes::of_start)
    fail(Status::non_finite, "f(t0, z0) has infinite or NaN elements; check the dynamics at t0 = ", t);
  if (noted->result == StepResult::overflow) fail_overflow(noted->item + 1, t);
  fail_non_finite({}, noted->item + 1, t);
}

void ForwardStepper::fail_overflow(std::int64_t step, double t) {
  fail(Status::lattice_overflow, "the state outgrew its fixed-point numbers at step ", step, ", t = ", t,
       ": it is thousands of times larger than z0 and v0 were; scale the problem, use shorter steps, or reversal float");
}

void ForwardStepper::fail_non_finite(const std::vector<TensorList>& u, std::int64_t step, double t) {
  const auto where = text_of(" at step ", step, ", t = ", t, "; use shorter steps or adaptive ones, or check f there");
  for (const auto& stage : u)
    for (std::size_t i = 0; i < stage.size(); ++i)
      if (!all_finite({stage[i]})) fail(Status::non_finite, "f(t, z) has infinite or NaN elements in state ", i, where);
  fail(Status::non_finite, u.empty() ? "f(t, z) or the state" : "the state", " became infinite or NaN", where);
}

CotangentSweep::CotangentSweep(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters, bool wants_times)
    : dynamics_(dynamics),
      random_(random),
      parameters_(std::move(parameters)),
      wants_times_(wants_times),
      a_z_(zeros_like(z)),
      a_parameters_(parameters_.size()) {}

void CotangentSweep::add_cotangent(const TensorList& a_z) {
  for (std::size_t i = 0; i < a_z_.size(); ++i)
    if (a_z[i].defined()) a_z_[i].add_(a_z[i]);
}

void CotangentSweep::add_cotangent(const TensorList& a_z, const at::Tensor& samples) {
  for (std::size_t i = 0; i < a_z_.size(); ++i)
    if (a_z[i].defined()) a_z_[i].index_add_(0, samples, a_z[i].index_select(0, samples));
}

void CotangentSweep::add_interpolated(double theta, TensorList g) { inside_.push_back({theta, cotangent_like(std::move(g), a_z_)}); }

TensorList CotangentSweep::take_parameters() { return std::exchange(a_parameters_, TensorList(parameters_.size())); }

std::pair<TensorList, InputCotangents> CotangentSweep::linearised(const at::Tensor& t, const TensorList& z, const TensorList& a_u,
                                                                  std::int64_t evaluation) {
  random_.replay(evaluation);
  auto result = dynamics_.vjp(t, z, a_u, parameters_, wants_times_);
  drop_kept_casts(z[0].device().type());
  ++evaluations_;
  accumulate(a_parameters_, result.second.a_parameters);
  result.first = laid_out_as(std::move(result.first), z);
  result.second.a_z = cotangent_like(std::move(result.second.a_z), z);
  return result;
}

Linearization CotangentSweep::linearization(double t, const TensorList& z, std::int64_t evaluation) {
  random_.replay(evaluation);
  auto result = dynamics_.linearize(time_tensor(t, z), z, parameters_, wants_times_);
  drop_kept_casts(z[0].device().type());
  ++evaluations_;
  return result;
}

InputCotangents CotangentSweep::pull_back(Linearization& linearization, const TensorList& a_u) {
  auto cotangents = linearization.pullback(a_u);
  linearization = {};
  accumulate(a_parameters_, cotangents.a_parameters);
  cotangents.a_z = cotangent_like(std::move(cotangents.a_z), a_z_);
  return cotangents;
}

TensorList CotangentSweep::cotangent_like(TensorList a_z, const TensorList& z) {
  for (std::size_t i = 0; i < a_z.size(); ++i) {
    if (!a_z[i].defined()) {
      if (zeros_.empty()) zeros_ = zeros_like(z);
      a_z[i] = zeros_[i];
    }
    a_z[i] = with_layout_of(a_z[i], z[i]);
  }
  return a_z;
}

double CotangentSweep::scalar(const at::Tensor& a_t) { return a_t.defined() ? a_t.item<double>() : 0; }

StepInverse::StepInverse(Dynamics& dynamics, RandomReplay& random, const TensorList& z, const SolverState& end, TensorList parameters,
                         bool wants_times)
    : CotangentSweep(dynamics, random, z, std::move(parameters), wants_times), state_(copy_of(end)) {
  for (std::size_t i = 0; i < end.v.size(); ++i) a_v_.push_back(at::zeros_like(a_z_[i % a_z_.size()]));
}

double StepInverse::size() const { return largest_value(state_.z); }

void StepInverse::set_state(const SolverState& state) {
  copy_into(state_.z, state.z);
  copy_into(state_.v, state.v);
}

StepInverse::Cotangents StepInverse::copy_cotangents() const {
  auto copy = copy_of(SolverState{a_z_, a_v_});
  return {std::move(copy.z), std::move(copy.v)};
}

void StepInverse::set_cotangents(const Cotangents& cotangents) {
  copy_into(a_z_, cotangents.a_z);
  copy_into(a_v_, cotangents.a_v);
}

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
