#include <ATen/ATen.h>

#include "solvers/per_sample/sample_reverse.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

SampleRkAdjoint::SampleRkAdjoint(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, const TensorList& z,
                                 TensorList parameters, bool wants_times)
    : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times), tableau_(closed(tableau)), a_v_(zeros_like(z)) {}

std::vector<Linearization> SampleRkAdjoint::linearise(const Grid::Step& step, const SolverState& before, std::vector<TensorList>& k) {
  const auto& round = *step.samples;
  const auto& z = before.z;
  std::vector<Linearization> linearizations(1);
  k.push_back(before.v);
  const auto stages = tableau_.stages() - (round.closing ? 0 : 1);
  for (std::size_t i = 1; i < stages; ++i) {
    const auto z_i = empty_like(z);
    rows::combine(z, k, tableau_.a[i], round, z_i);
    random_.replay(step.evaluation + static_cast<std::int64_t>(i) - 1);
    linearizations.push_back(dynamics_.linearize(sample_times(round.times(tableau_.c[i]), z), z_i, parameters_, wants_times_));
    drop_kept_casts(z[0].device().type());
    k.push_back(laid_out_as(linearizations.back().u, z));
    ++evaluations_;
  }
  return linearizations;
}

TensorList SampleRkAdjoint::pull(Linearization& linearization, std::size_t i, const TensorList& a_k, SampleTimes& times) {
  auto cotangents = linearization.pullback(a_k);
  linearization = {};
  accumulate(a_parameters_, cotangents.a_parameters);
  if (wants_times_) times.add(cotangents.a_t, tableau_.c[i]);
  return cotangent_like(std::move(cotangents.a_z), a_z_);
}

TensorList SampleRkAdjoint::stage_cotangent(std::size_t i, const SampleRound& round, const TensorList& base, const TensorList& out,
                                            const std::vector<TensorList>& a_stages) const {
  const auto last = tableau_.stages() - 1;
  const auto weight_of = [&](std::size_t row) { return i < tableau_.a[row].size() ? tableau_.a[row][i] : 0; };
  std::vector<TensorList> terms{out};
  std::vector<double> weights{weight_of(last)};
  for (std::size_t j = i + 1; j < last; ++j) {
    if (weight_of(j) == 0 || a_stages[j].empty()) continue;
    terms.push_back(a_stages[j]);
    weights.push_back(weight_of(j));
  }
  if (i > 0 && weights.size() == 1 && weights[0] == 0) return {};
  auto a_k = empty_like(out);
  rows::combine(base, terms, weights, round, a_k);
  return a_k;
}

// In rows whose trial was rejected, (z, v) pass the round as they are, and z' is of no use but to the pullback of f.
CotangentSweep::TimeCotangents SampleRkAdjoint::step(const Grid::Step& step, const SolverState& before, bool wants_h) {
  const auto& round = *step.samples;
  const auto last = tableau_.stages() - 1;
  std::vector<TensorList> k;
  auto linearizations = linearise(step, before, k);
  SampleTimes times(round.trials.size());

  auto out = copy_of({a_z_, {}}).z;
  rows::zero(out, round, /*accepted=*/false);
  if (round.closing) {
    auto a_k = copy_of({a_v_, {}}).z;
    rows::zero(a_k, round, /*accepted=*/false);
    const auto pulled = pull(linearizations[last], last, a_k, times);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i].add_(pulled[i]);
      a_z_[i].add_(pulled[i]);
    }
  }
  rows::zero(a_v_, round, /*accepted=*/true);

  const auto add_length = [&](const TensorList& a, const std::vector<double>& weights) {
    for (std::size_t j = 0; j < weights.size(); ++j) {
      if (!wants_h || weights[j] == 0) continue;
      for (const bool accepted : {false, true}) rows::add_dots(a, k[j], weights[j], round, accepted, times.lengths());
    }
  };
  add_length(out, tableau_.a[last]);
  std::vector<TensorList> a_stages(last);
  for (std::size_t i = last; i-- > 1;) {
    const auto a_k = stage_cotangent(i, round, {}, out, a_stages);
    if (a_k.empty()) continue;
    a_stages[i] = pull(linearizations[i], i, a_k, times);
    add_length(a_stages[i], tableau_.a[i]);
    for (std::size_t j = 0; j < a_z_.size(); ++j) a_z_[j].add_(a_stages[i][j]);
  }
  a_v_ = stage_cotangent(0, round, a_v_, out, a_stages);
  of_samples_ = wants_times_ ? times.take() : std::vector<TimeCotangents>();
  return {};
}

double SampleRkAdjoint::start(double t0, const TensorList& z0) {
  const auto t = sample_times(std::vector<double>(static_cast<std::size_t>(z0[0].size(0)), t0), z0);
  const auto cotangents = linearised(t, z0, a_v_, /*evaluation=*/0).second;
  add_cotangent(cotangents.a_z);
  return cotangents.a_t.defined() ? cotangents.a_t.to(at::kDouble).sum().item<double>() : 0;
}

}  // namespace neuralode
