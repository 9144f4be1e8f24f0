#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "solvers/first_step.h"
#include "solvers/per_sample/sample_sweeps.h"
#include "tensors/layout.h"

namespace neuralode {

void require_all_finite(const TensorList& tensors, const char* name, const char* remedy, double t0) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto finite = rows::finite_rows({tensors[i]});
    const auto lost = std::find(finite.begin(), finite.end(), 0);
    if (lost != finite.end())
      fail(Status::non_finite, name, "[", i, "] has infinite or NaN elements in sample ", lost - finite.begin(), "; check the ", remedy,
           " at t0 = ", t0);
  }
}

void fail_non_finite(const std::vector<TensorList>& stages, const SampleTrial& trial, std::size_t sample, std::int64_t step) {
  const auto where = text_of(" of sample ", sample, " at step ", step, ", t = ", trial.t + trial.h / 2, "; check f there");
  for (const auto& stage : stages)
    for (std::size_t i = 0; i < stage.size(); ++i)
      if (rows::finite_rows({stage[i]})[sample] == 0) fail(Status::non_finite, "f(t, z) has infinite or NaN elements in state ", i, where);
  fail(Status::non_finite, "the state became infinite or NaN", where);
}

void check_batch(const TensorList& z0) {
  for (std::size_t i = 0; i < z0.size(); ++i) {
    require(z0[i].dim() > 0, "z0[", i, "]: has no dimensions; per_sample takes the first dimension of every state tensor as the batch");
    require(z0[i].size(0) == z0[0].size(0), "z0[", i, "]: its first dimension, the batch of per_sample, is ", z0[i].size(0), ", not ",
            z0[0].size(0), " as that of z0[0]; give every state tensor the same batch, or set per_sample to 0");
  }
}

SampleForward::SampleForward(Dynamics& dynamics, RandomReplay& random, const SolverChoice& choice, double t0, double t1,
                             const TensorList& z0, SampleObserver observer)
    : dynamics_(dynamics),
      random_(random),
      choice_(choice),
      t0_(t0),
      direction_(t1 < t0 ? -1 : 1),
      observer_(std::move(observer)),
      method_(make_sample_method(choice)) {
  check_batch(z0);
  for (const auto& tensor : z0) state_.z.push_back(rows::batch_outermost(tensor));
  require_all_finite(state_.z, "z0", "input", t0);
  state_.v = owned(evaluate(std::vector<double>(static_cast<std::size_t>(batch()), t0), state_.z), state_.z);
  require_all_finite(state_.v, "f(t0, z0)", "dynamics", t0);
}

TensorList SampleForward::evaluate(const std::vector<double>& t, const TensorList& z) {
  random_.before(evaluations_);
  auto u = dynamics_.eval(sample_times(t, z), z);
  random_.after(evaluations_);
  ++evaluations_;
  return u;
}

std::vector<double> SampleForward::initial_step_sizes(double rtol, double atol, double span) {
  const auto evaluate_at = [this](const std::vector<double>& t, const TensorList& z) { return evaluate(t, z); };
  const bool alf = choice_.kind == SolverKind::alf;
  return initial_lengths(state_, t0_, direction_, error_order(), rtol, atol, span,
                         alf ? std::function<TensorList(const std::vector<double>&, const TensorList&)>() : evaluate_at);
}

std::int64_t SampleForward::attempt(const SampleRound& round) {
  double longest = 0;
  for (const auto& trial : round.trials) longest = std::max(longest, std::abs(trial.h));
  if (std::exchange(new_step_, false) && observer_.before_step) observer_.before_step(direction_ * longest, state_);
  const auto first = evaluations_;
  tried_ = round;
  method_->attempt(round, state_, /*estimates=*/true, evaluator());
  return first;
}

std::vector<double> SampleForward::error_norms(double rtol, double atol) {
  errors_ = method_->error_norms(tried_, state_, rtol, atol);
  return errors_;
}

void SampleForward::require_finite(std::size_t sample, std::int64_t step) const {
  if (errors_.empty() || std::isfinite(errors_[sample])) return;
  fail_non_finite(method_->stages(), tried_.trials[sample], sample, step);
}

void SampleForward::accept(const SampleRound& round) {
  method_->accept(round, state_, evaluator());
  new_step_ = true;
}

void SampleForward::land(std::int64_t index, const std::vector<std::int64_t>& samples) {
  if (observer_.on_landing) observer_.on_landing(index, samples, state_);
}

std::vector<double> initial_lengths(const SolverState& state, double t0, double direction, double error_order, double rtol, double atol,
                                    double span,
                                    const std::function<TensorList(const std::vector<double>& t, const TensorList& z)>& evaluate) {
  const auto sizes = rows::scaled_norms(state.z, state.z, rtol, atol), speeds = rows::scaled_norms(state.v, state.z, rtol, atol);
  std::vector<double> lengths;
  SampleRound round;
  for (std::size_t b = 0; b < sizes.size(); ++b) {
    lengths.push_back(first_step_guess(sizes[b], speeds[b], span));
    round.trials.push_back({t0, direction * lengths[b], 0, false, false});
  }
  if (!evaluate) return lengths;
  auto z1 = empty_like(state.z);
  rows::combine(state.z, {state.v}, {1}, round, z1);
  auto change = laid_out_as(evaluate(round.times(1), z1), z1);
  for (std::size_t i = 0; i < change.size(); ++i) change[i] = change[i].detach().sub(state.v[i]);
  const auto changes = rows::scaled_norms(laid_out_as(std::move(change), z1), state.z, rtol, atol);
  for (std::size_t b = 0; b < lengths.size(); ++b)
    lengths[b] = second_step_guess(lengths[b], speeds[b], changes[b] / lengths[b], static_cast<int>(error_order), span);
  return lengths;
}

}  // namespace neuralode
