// Source of the formulas: solvers/alf.h. In rows whose trial was rejected, (z, v) pass the round as they are, and k = z + h/2 v is of no
// use but to the pullback of f: a_z += g, a_v += h/2 g.
#include <ATen/ATen.h>

#include "kernels/cpu/alf.h"
#include "kernels/cpu/combine.h"
#include "solvers/per_sample/sample_reverse.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

using ranges::data;

/// k and a_u at it. (z, v): the state after the round where `undoes`, else before it; (a_z, a_v): the cotangents after it.
void head(const SampleRound& round, const SolverState& state, bool undoes, double eta, const TensorList& a_z, const TensorList& a_v,
          const TensorList& k, const TensorList& a_u) {
  rows::zero(a_u, round, /*accepted=*/false);
  rows::for_each(k, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    const auto& trial = round.trials[row];
    const auto *z = data(state.z, i, offset, s), *v = data(state.v, i, offset, s);
    auto* midpoint = data(k, i, offset, s);
    if (trial.accepted)
      kernels::alf_reverse_head(z, v, data(a_z, i, offset, s), data(a_v, i, offset, s), midpoint, data(a_u, i, offset, s), trial.h, eta,
                                count);
    if (!trial.accepted || !undoes) kernels::alf_head(z, v, midpoint, trial.h, count);
  });
}

/// The cotangents before the round, and in accepted rows of (z, v) the state that alf_reverse_tail finds from `velocity`.
void tail(const SampleRound& round, const TensorList& k, const TensorList& velocity, const TensorList& u, const TensorList& g, double eta,
          const TensorList& a_u, const TensorList& z, const TensorList& v, const TensorList& a_z, const TensorList& a_v) {
  rows::for_each(k, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    const auto& trial = round.trials[row];
    auto *a_state = data(a_z, i, offset, s), *a_velocity = data(a_v, i, offset, s);
    const auto* pulled = data(g, i, offset, s);
    if (trial.accepted) {
      kernels::alf_reverse_tail(data(k, i, offset, s), data(velocity, i, offset, s), data(u, i, offset, s), pulled, data(a_u, i, offset, s),
                                data(z, i, offset, s), data(v, i, offset, s), a_state, a_velocity, trial.h, eta, count);
      return;
    }
    const double one = 1, half = trial.h / 2;
    kernels::combine(a_state, &pulled, &one, 1, a_state, count);
    if (half != 0) kernels::combine(a_velocity, &pulled, &half, 1, a_velocity, count);
  });
}

double total(const at::Tensor& a_t) { return a_t.defined() ? a_t.to(at::kDouble).sum().item<double>() : 0; }

std::vector<double> everywhere(double t, const TensorList& z) { return std::vector<double>(static_cast<std::size_t>(z[0].size(0)), t); }

}  // namespace

SampleAlfAdjoint::SampleAlfAdjoint(Dynamics& dynamics, RandomReplay& random, double eta, const TensorList& z, TensorList parameters,
                                   bool wants_times)
    : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times),
      eta_(eta),
      a_v_(zeros_like(z)),
      a_u_(empty_like(z)),
      k_(empty_like(z)),
      z_next_(empty_like(z)),
      v_next_(empty_like(z)) {}

CotangentSweep::TimeCotangents SampleAlfAdjoint::step(const Grid::Step& step, const SolverState& before, bool wants_h) {
  const auto& round = *step.samples;
  SampleTimes times(round.trials.size());
  take_back(k_);
  take_back(a_u_);
  head(round, before, /*undoes=*/false, eta_, a_z_, a_v_, k_, a_u_);
  const auto [u, cotangents] = linearised(sample_times(round.times(0.5), k_), k_, a_u_, step.evaluation);
  if (wants_times_) times.add(cotangents.a_t, 0.5);
  if (wants_h) {
    rows::for_each(k_, [&, &u = u](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
      kernels::alf_tail(data(k_, i, offset, s), data(before.v, i, offset, s), data(u, i, offset, s), data(z_next_, i, offset, s),
                        data(v_next_, i, offset, s), round.trials[row].h, eta_, count);
    });
    rows::add_dots(a_z_, v_next_, 0.5, round, /*accepted=*/true, times.lengths());
    rows::add_dots(cotangents.a_z, before.v, 0.5, round, /*accepted=*/false, times.lengths());
  }
  tail(round, k_, before.v, u, cotangents.a_z, eta_, a_u_, z_next_, v_next_, a_z_, a_v_);  // for the cotangents
  if (wants_h) rows::add_dots(a_z_, before.v, 0.5, round, /*accepted=*/true, times.lengths());
  of_samples_ = wants_times_ ? times.take() : std::vector<TimeCotangents>();
  return {};
}

double SampleAlfAdjoint::start(double t0, const TensorList& z0) {
  const auto cotangents = linearised(sample_times(everywhere(t0, z0), z0), z0, a_v_, /*evaluation=*/0).second;
  add_cotangent(cotangents.a_z);
  return total(cotangents.a_t);
}

SampleAlfInverse::SampleAlfInverse(Dynamics& dynamics, RandomReplay& random, double eta, const AlfArithmetic& drift,
                                   const SolverState& end, TensorList parameters, bool wants_times)
    : StepInverse(dynamics, random, end.z, end, std::move(parameters), wants_times),
      eta_(eta),
      drift_(drift),
      a_u_(empty_like(a_z_)),
      k_(empty_like(a_z_)) {}

CotangentSweep::TimeCotangents SampleAlfInverse::step(const Grid::Step& step, bool wants_h, const SolverState* before,
                                                      const Grid::Step*) {
  const auto& round = *step.samples;
  SampleTimes times(round.trials.size());
  take_back(k_);
  take_back(a_u_);
  head(round, state_, /*undoes=*/true, eta_, a_z_, a_v_, k_, a_u_);
  const auto [u, cotangents] = linearised(sample_times(round.times(0.5), k_), k_, a_u_, step.evaluation);
  if (wants_times_) times.add(cotangents.a_t, 0.5);
  if (wants_h) {
    rows::add_dots(a_z_, state_.v, 0.5, round, /*accepted=*/true, times.lengths());
    rows::add_dots(cotangents.a_z, state_.v, 0.5, round, /*accepted=*/false, times.lengths());
  }
  tail(round, k_, state_.v, u, cotangents.a_z, eta_, a_u_, state_.z, state_.v, a_z_, a_v_);
  if (wants_h) rows::add_dots(a_z_, before != nullptr ? before->v : state_.v, 0.5, round, /*accepted=*/true, times.lengths());
  of_samples_ = wants_times_ ? times.take() : std::vector<TimeCotangents>();
  return {};
}

StepInverse::Start SampleAlfInverse::start(double t0, TensorList z0) {
  auto [v0, cotangents] = linearised(sample_times(everywhere(t0, z0), z0), z0, a_v_, /*evaluation=*/0);
  add_cotangent(cotangents.a_z);
  return {{std::move(z0), owned(std::move(v0), a_z_)}, total(cotangents.a_t)};
}

}  // namespace neuralode
