#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "solvers/alf_kernels.h"
#include "solvers/reversible_heun.h"
#include "solvers/reversible_heun_parts.h"
#include "solvers/rk_kernels.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// What is pulled back through the pullback of f': a_F.
void slope_cotangent(const TensorList& a_y, const TensorList& a_f, double h, TensorList& a_u) {
  take_back(a_u);
  combine(a_f, {a_y}, {h / 2}, 1, a_u);
}

/// The cotangents of a state, carried back over a step in place. pulled: (df/dyhat')^T a_F and the derivative to time. f, f_next: at the
/// step's start and end, for the derivative to h, which also moves the time of f'.
CotangentSweep::TimeCotangents carry_back(const TensorList& a_y, const TensorList& a_hat, const TensorList& a_f,
                                          const InputCotangents& pulled, const TensorList& f, const TensorList& f_next, double h,
                                          bool wants_h) {
  CotangentSweep::TimeCotangents result{CotangentSweep::scalar(pulled.a_t), 0};
  combine(a_hat, {pulled.a_z}, {1}, 1, a_hat);
  if (wants_h) result.h = result.start + (dot(a_y, f) + dot(a_y, f_next)) / 2 + dot(a_hat, f);
  combine({}, {a_y, a_hat}, {h / 2, h}, 1, a_f);
  combine(a_y, {a_hat}, {2}, 1, a_y);
  combine({}, {a_hat}, {-1}, 1, a_hat);
  return result;
}

}  // namespace

HeunAdjoint::HeunAdjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters, bool wants_times)
    : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times),
      a_hat_(zeros_like(z)),
      a_f_(zeros_like(z)),
      a_u_(empty_like(z)),
      hat_next_(empty_like(z)) {}

CotangentSweep::TimeCotangents HeunAdjoint::step(const Grid::Step& step, const SolverState& before, bool wants_h) {
  const auto f = slopes_of(before.v);
  take_back(hat_next_);
  combine({}, {before.z, hats_of(before.v), f}, {2, -1, step.h}, 1, hat_next_);
  slope_cotangent(a_z_, a_f_, step.h, a_u_);
  const auto [f_next, pulled] = linearised(step.t + step.h, hat_next_, a_u_, step.evaluation);
  return carry_back(a_z_, a_hat_, a_f_, pulled, f, f_next, step.h, wants_h);
}

double HeunAdjoint::start(double t0, const TensorList& z0) {
  const auto pulled = linearised(t0, z0, a_f_, /*evaluation=*/0).second;
  add_cotangent(a_hat_);
  add_cotangent(pulled.a_z);
  return scalar(pulled.a_t);
}

HeunInverse::HeunInverse(Dynamics& dynamics, RandomReplay& random, double span, const SolverState& end, TensorList parameters,
                         bool wants_times)
    : StepInverse(dynamics, random, end.z, end, std::move(parameters), wants_times),
      span_(span),
      a_u_(empty_like(end.z)),
      spare_(empty_like(end.z)) {}

CotangentSweep::TimeCotangents HeunInverse::step(const Grid::Step& step, bool wants_h, const SolverState* before, const Grid::Step*) {
  const double h = step.h;
  if (!slope_.pullback) slope_ = linearization(step.t + h, hats_of(state_.v), step.evaluation);
  slope_cotangent(a_z_, slopes_of(a_v_), h, a_u_);
  const auto pulled = pull_back(slope_, a_u_);

  const auto f_next = slopes_of(state_.v);
  take_back(spare_);
  combine({}, {state_.z, hats_of(state_.v), f_next}, {2, -1, -h}, 1, spare_);
  std::swap_ranges(spare_.begin(), spare_.end(), state_.v.begin());
  if (before == nullptr) slope_ = linearization(step.start_time, hats_of(state_.v), step.start);
  const auto f = before ? slopes_of(before->v) : laid_out_as(slope_.u, state_.z);
  combine(state_.z, {f, f_next}, {-h / 2, -h / 2}, 1, state_.z);
  const auto times = carry_back(a_z_, hats_of(a_v_), slopes_of(a_v_), pulled, f, f_next, h, wants_h);
  for (std::size_t i = 0; i < f.size(); ++i) f_next[i].copy_(f[i]);
  return times;
}

StepInverse::Start HeunInverse::start(double t0, TensorList z0) {
  const bool at_z0 = !slope_.pullback;
  if (at_z0) slope_ = linearization(t0, z0, /*evaluation=*/0);
  auto state = heun_start(std::move(z0), slope_.u);
  take_back(a_u_);
  combine({}, {slopes_of(a_v_)}, {1}, 1, a_u_);
  const auto pulled = pull_back(slope_, a_u_);
  add_cotangent(hats_of(a_v_));
  add_cotangent(pulled.a_z);
  return {std::move(state), scalar(pulled.a_t), at_z0};
}

double HeunInverse::speed() const { return largest_value(slopes_of(state_.v)); }

double HeunInverse::drift(const SolverState& known) const {
  const auto count = known.z.size();
  double worst = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto y = difference({state_.z[i]}, {known.z[i]}), hat = difference({state_.v[i]}, {known.v[i]}),
               f = difference({state_.v[count + i]}, {known.v[count + i]});
    for (const auto& part : {y, hat})
      worst = std::max(worst, relative_drift(part.largest_difference, f.largest_difference, part.largest_value, f.largest_value, span_));
  }
  return worst;
}

void HeunInverse::set_state(const SolverState& state) {
  slope_ = {};
  StepInverse::set_state(state);
}

}  // namespace neuralode
