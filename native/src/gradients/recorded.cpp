#include "gradients/recorded.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace neuralode {

namespace {

bool is_finite(const at::Tensor& tensor) {
  const at::NoGradGuard not_recording;
  return tensor.isfinite().all().item<bool>();
}

}  // namespace

RecordedStepper::RecordedStepper(const Problem& problem, const Landings& landings)
    : problem_(problem),
      landings_(landings),
      segment_start_(problem.t0.to(at::kDouble)),
      state_{problem.z0, {}},
      segment_start_value_(landings.t0),
      outputs_(landings.times.size()) {}

void RecordedStepper::start() {
  for (std::size_t i = 0; i < state_.z.size(); ++i)
    if (!is_finite(state_.z[i]))
      fail(Status::non_finite, "z0[", i, "] has infinite or NaN elements; check the input at t0 = ", landings_.t0);
}

std::int64_t RecordedStepper::attempt(double t, double h, std::int64_t landing) {
  const auto start = segment_start_ + (t - segment_start_value_);
  const auto first = evaluations_;
  advance(start, landing >= 0 ? landing_time(landing) - start : at::scalar_tensor(h, at::kDouble));
  t_ = t;
  h_ = h;
  return first;
}

void RecordedStepper::require_acceptable() const {
  if (std::all_of(tried_.z.begin(), tried_.z.end(), is_finite)) return;
  const auto where = text_of(" at step ", accepted_ + 1, ", t = ", t_ + h_ / 2, "; use shorter steps or adaptive ones, or check f there");
  for (const auto& stage : u_)
    for (std::size_t i = 0; i < stage.size(); ++i)
      if (!is_finite(stage[i])) fail(Status::non_finite, "f(t, z) has infinite or NaN elements in state ", i, where);
  fail(Status::non_finite, "the state became infinite or NaN", where);
}

void RecordedStepper::accept() {
  state_ = std::move(tried_);
  tried_ = {};
  ++accepted_;
}

void RecordedStepper::land(std::int64_t index) {
  outputs_[static_cast<std::size_t>(index)] = state_.z;
  segment_start_ = landing_time(index);
  segment_start_value_ = landings_.times[static_cast<std::size_t>(index)];
}

TensorList RecordedStepper::outputs() const {
  if (!landings_.trajectory) return state_.z;
  TensorList result;
  for (std::size_t i = 0; i < problem_.z0.size(); ++i) {
    TensorList rows;
    for (const auto landing : landings_.outputs)
      rows.push_back(landing < 0 ? problem_.z0[i] : landed(static_cast<std::size_t>(landing), i));
    result.push_back(at::stack(rows));
  }
  return result;
}

TensorList RecordedStepper::evaluate(const at::Tensor& t, const TensorList& z) {
  ++evaluations_;
  return problem_.dynamics->eval(t.to(z[0].options().requires_grad(false)), z);
}

TensorList RecordedStepper::plain(const TensorList& tensors) {
  TensorList result;
  for (const auto& tensor : tensors) result.push_back(tensor.detach().contiguous());
  return result;
}

at::Tensor RecordedStepper::landing_time(std::int64_t index) const {
  const auto source = landings_.sources[static_cast<std::size_t>(index)];
  return (source == Landings::t1_source ? problem_.t1 : problem_.t_eval.select(0, source)).to(at::kDouble);
}

at::Tensor RecordedStepper::landed(std::size_t landing, std::size_t i) const {
  return outputs_[landing].empty() ? at::full_like(problem_.z0[i], NAN) : outputs_[landing][i];
}

std::unique_ptr<RecordedStepper> make_recorded(const Problem& problem, const Landings& landings) {
  if (problem.options.solver == SolverKind::alf) return make_recorded_alf(problem, landings);
  if (traits_of(problem.options.solver).implicit) return make_recorded_implicit(problem, landings);
  return make_recorded_rk(problem, landings);
}

}  // namespace neuralode
