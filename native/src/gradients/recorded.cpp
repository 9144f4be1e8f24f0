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
      t1_(problem.t1),
      segment_start_value_(landings.t0),
      outputs_(landings.times.size()) {}

void RecordedStepper::start() {
  for (std::size_t i = 0; i < state_.z.size(); ++i)
    if (!is_finite(state_.z[i]))
      fail(Status::non_finite, "z0[", i, "] has infinite or NaN elements; check the input at t0 = ", landings_.t0);
}

void RecordedStepper::require_finite_start(const TensorList& f0) const {
  for (std::size_t i = 0; i < f0.size(); ++i)
    if (!is_finite(f0[i]))
      fail(Status::non_finite, "f(t0, z0) has infinite or NaN elements in state ", i, "; check the dynamics at t0 = ", landings_.t0);
}

std::int64_t RecordedStepper::attempt(double t, double h, std::int64_t landing) {
  const auto start = segment_start_ + (t - segment_start_value_);
  const auto first = evaluations_;
  start_ = start;
  length_ = landing >= 0 ? landing_time(landing) - start : at::scalar_tensor(h, at::kDouble);
  advance(start_, length_);
  t_ = t;
  h_ = h;
  return first;
}

void RecordedStepper::require_acceptable() const {
  if (std::all_of(tried_.z.begin(), tried_.z.end(), is_finite) && std::all_of(tried_.v.begin(), tried_.v.end(), is_finite)) return;
  const auto where = text_of(" at step ", accepted_ + 1, ", t = ", t_ + h_ / 2, "; use shorter steps or adaptive ones, or check f there");
  for (const auto& stage : u_)
    for (std::size_t i = 0; i < stage.size(); ++i)
      if (!is_finite(stage[i])) fail(Status::non_finite, "f(t, z) has infinite or NaN elements in state ", i, where);
  fail(Status::non_finite, "the state became infinite or NaN", where);
}

void RecordedStepper::accept() {
  before_ = std::move(state_);
  state_ = std::move(tried_);
  tried_ = {};
  ++accepted_;
}

void RecordedStepper::land(std::int64_t index) {
  outputs_[static_cast<std::size_t>(index)] = state_.z;
  segment_start_ = landing_time(index);
  segment_start_value_ = landings_.times[static_cast<std::size_t>(index)];
}

TensorList RecordedStepper::interpolated(double theta) {
  const at::NoGradGuard not_recording;
  return plain(inside(at::scalar_tensor(theta, at::kDouble)));
}

void RecordedStepper::retract() {
  state_ = std::move(before_);
  before_ = {};
  --accepted_;
}

TensorList RecordedStepper::inside(const at::Tensor&) const { fail(Status::unsupported, "this solver has no states inside its steps"); }

bool RecordedStepper::requires_grad() const {
  return std::any_of(state_.z.begin(), state_.z.end(), [](const auto& z) { return z.requires_grad(); });
}

void RecordedStepper::pass(const Landings::Interpolated& entry) {
  inside_.push_back(inside((problem_.t_eval.select(0, entry.row).to(at::kDouble) - start_) / length_));
}

TensorList RecordedStepper::outputs() const {
  if (!landings_.trajectory) return state_.z;
  TensorList result;
  for (std::size_t i = 0; i < problem_.z0.size(); ++i) {
    TensorList rows;
    for (std::size_t row = 0; row < landings_.outputs.size(); ++row) rows.push_back(row_of(row, i));
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
  return (source == Landings::t1_source ? t1_ : problem_.t_eval.select(0, source)).to(at::kDouble);
}

at::Tensor RecordedStepper::row_of(std::size_t row, std::size_t i) const {
  const auto landing = landings_.outputs[row];
  if (landing == Landings::at_t0) return problem_.z0[i];
  if (landing >= 0 && !outputs_[static_cast<std::size_t>(landing)].empty()) return outputs_[static_cast<std::size_t>(landing)][i];
  const auto& entries = landings_.interpolated;
  const auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.row == static_cast<std::int64_t>(row); });
  const auto number = static_cast<std::size_t>(entry - entries.begin());
  return entry != entries.end() && number < inside_.size() ? inside_[number][i] : at::full_like(problem_.z0[i], NAN);
}

std::unique_ptr<RecordedStepper> make_recorded(const Problem& problem, const Landings& landings, bool interpolating) {
  if (problem.options.solver == SolverKind::alf) return make_recorded_alf(problem, landings);
  if (traits_of(problem.options.solver).implicit) return make_recorded_implicit(problem, landings);
  if (problem.options.solver == SolverKind::reversible_heun) return make_recorded_reversible_heun(problem, landings);
  if (coupling_of(problem.options) > 0) return make_recorded_reversible_rk(problem, landings);
  return make_recorded_rk(problem, landings, interpolating);
}

}  // namespace neuralode
