// Derivatives of coupled steps. With a_y', a_z' given, from the second half to the first:
//   a_y' += (dPsi_-h/dy')^T (-a_z');   a_z = a_z' + (1 - c) a_y' + (dPsi_h/dz)^T a_y';   a_y = c a_y'
#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "solvers/alf_kernels.h"
#include "solvers/reversible_rk.h"
#include "solvers/rk_kernels.h"
#include "tensors/layout.h"

namespace neuralode {

// Psi_-h(t + h, y'): h enters through the time and, with its sign changed, through the length.
CotangentSweep::TimeCotangents CoupledRk::pull_back_second(RkIncrement& second, const TensorList& a_y, const TensorList& a_z,
                                                           bool wants_h) const {
  const auto times = second.pull_back(a_z, -1, a_y, wants_h);
  return {times.start, wants_h ? times.start - times.h : 0};
}

CotangentSweep::TimeCotangents CoupledRk::pull_back_first(RkIncrement& first, const TensorList& a_y, const TensorList& a_z,
                                                          bool wants_h) const {
  const auto times = first.pull_back(a_y, 1, a_z, wants_h);
  if (c < 1) {
    combine(a_z, {a_y}, {1 - c}, 1, a_z);
    combine(a_y, {a_y}, {-(1 - c)}, 1, a_y);
  }
  return times;
}

CoupledRkAdjoint::CoupledRkAdjoint(Dynamics& dynamics, RandomReplay& random, const CoupledRk& method, const TensorList& z,
                                   TensorList parameters, bool wants_times)
    : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times),
      method_(method),
      first_(*this, method.tableau),
      second_(*this, method.tableau),
      a_v_(zeros_like(z)),
      y_next_(empty_like(z)) {}

CotangentSweep::TimeCotangents CoupledRkAdjoint::step(const Grid::Step& step, const SolverState& before, bool wants_h) {
  first_.linearize(step.t, step.h, before.v, {step.start, step.start_time}, step.evaluation);
  take_back(y_next_);
  method_.next_y(before.z, before.v, first_.k(), step.h, y_next_);
  const auto number = method_.second_half(step);
  second_.linearize(step.t + step.h, -step.h, y_next_, {number, step.t + step.h}, number + 1);
  const auto second = method_.pull_back_second(second_, a_z_, a_v_, wants_h);
  const auto first = method_.pull_back_first(first_, a_z_, a_v_, wants_h);
  return {first.start + second.start, first.h + second.h};
}

double CoupledRkAdjoint::start(double, const TensorList&) {
  add_cotangent(a_v_);
  return 0;
}

CoupledRkInverse::CoupledRkInverse(Dynamics& dynamics, RandomReplay& random, const CoupledRk& method, double span, const SolverState& end,
                                   TensorList parameters, bool wants_times)
    : StepInverse(dynamics, random, end.z, end, std::move(parameters), wants_times),
      method_(method),
      span_(span),
      increment_(*this, method.tableau),
      spare_(empty_like(end.z)),
      speed_(end.z.size()) {}

CotangentSweep::TimeCotangents CoupledRkInverse::step(const Grid::Step& step, bool wants_h, const SolverState*, const Grid::Step*) {
  const auto number = method_.second_half(step);
  increment_.linearize(step.t + step.h, -step.h, state_.z, {number, step.t + step.h}, number + 1);
  take_back(spare_);
  method_.previous_z(state_.v, increment_.k(), step.h, spare_);
  std::swap(state_.v, spare_);
  const auto second = method_.pull_back_second(increment_, a_z_, a_v_, wants_h);

  increment_.linearize(step.t, step.h, state_.v, {step.start, step.start_time}, step.evaluation);
  take_back(spare_);
  method_.previous_y(state_.z, state_.v, increment_.k(), step.h, spare_);
  std::swap(state_.z, spare_);
  const auto& f = increment_.k()[0];
  for (std::size_t i = 0; i < f.size(); ++i) speed_[i] = difference({f[i]}, {f[i]}).largest_value;
  const auto first = method_.pull_back_first(increment_, a_z_, a_v_, wants_h);
  return {first.start + second.start, first.h + second.h};
}

StepInverse::Start CoupledRkInverse::start(double, TensorList z0) {
  add_cotangent(a_v_);
  Start start{{std::move(z0), {}}, 0};
  for (const auto& z : start.state.z) start.state.v.push_back(dense_copy(z));
  return start;
}

double CoupledRkInverse::speed() const { return *std::max_element(speed_.begin(), speed_.end()); }

double CoupledRkInverse::drift(const SolverState& known) const {
  double worst = 0;
  for (std::size_t i = 0; i < known.z.size(); ++i) {
    const auto y = difference({state_.z[i]}, {known.z[i]}), z = difference({state_.v[i]}, {known.v[i]});
    worst = std::max({worst, relative_drift(y.largest_difference, 0, y.largest_value, speed_[i], span_),
                      relative_drift(z.largest_difference, 0, z.largest_value, speed_[i], span_)});
  }
  return worst;
}

}  // namespace neuralode
