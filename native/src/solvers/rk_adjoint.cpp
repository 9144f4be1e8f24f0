#include <ATen/ATen.h>

#include <algorithm>

#include "solvers/alf_kernels.h"
#include "solvers/rk_kernels.h"
#include "solvers/runge_kutta.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// sum over j of weights[j] <a, terms[j]>.
double weighted_dot(const TensorList& a, const std::vector<TensorList>& terms, const std::vector<double>& weights) {
  double sum = 0;
  for (std::size_t j = 0; j < weights.size(); ++j)
    if (weights[j] != 0) sum += weights[j] * dot(a, terms[j]);
  return sum;
}

}  // namespace

struct RkAdjoint::Stages {
  std::vector<Linearization> linearizations;
  std::vector<TensorList> k;
};

/// What a step gives out, z' and the states inside it: their cotangents, and for each its weights of the stages.
struct RkAdjoint::Outputs {
  std::vector<TensorList> cotangents;
  std::vector<std::vector<double>> weights;
};

RkAdjoint::RkAdjoint(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, const TensorList& z, TensorList parameters,
                     bool wants_times)
    : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times), tableau_(tableau) {}

RkAdjoint::Stages RkAdjoint::linearised_stages(const Grid::Step& step, const TensorList& z) {
  // z' does not depend on a FSAL method's last stage; states inside the step do.
  const auto count = tableau_.fsal && inside_.empty() ? tableau_.stages() - 1 : tableau_.stages();
  Stages stages;
  for (std::size_t i = 0; i < count; ++i) {
    auto z_i = z;
    if (i > 0) combine(z, stages.k, tableau_.a[i], step.h, z_i = empty_like(z));
    random_.replay(i == 0 ? step.start : step.evaluation + static_cast<std::int64_t>(i) - 1);
    stages.linearizations.push_back(dynamics_.linearize(time_tensor(step.t + tableau_.c[i] * step.h, z), z_i, parameters_, wants_times_));
    drop_kept_casts(z[0].device().type());
    stages.k.push_back(laid_out_as(stages.linearizations.back().u, z));
    ++evaluations_;
  }
  return stages;
}

void RkAdjoint::differentiate_times(const Stages& stages, double h, bool wants_h, TimeCotangents& result) const {
  for (const auto& [theta, g] : inside_) {
    if (wants_h) result.h += weighted_dot(g, stages.k, weights_at(tableau_.interpolant, theta));
    if (wants_times_) result.theta.push_back(h * weighted_dot(g, stages.k, slopes_at(tableau_.interpolant, theta)));
  }
}

RkAdjoint::Outputs RkAdjoint::outputs() const {
  Outputs outputs{{a_z_}, {tableau_.b}};
  for (const auto& [theta, g] : inside_) {
    outputs.cotangents.push_back(g);
    outputs.weights.push_back(weights_at(tableau_.interpolant, theta));
  }
  return outputs;
}

TensorList RkAdjoint::stage_cotangent(std::size_t i, double h, const Outputs& outputs, const std::vector<TensorList>& a_stages) const {
  const auto& a = tableau_.a;
  auto terms = outputs.cotangents;
  std::vector<double> weights;
  for (const auto& of_output : outputs.weights) weights.push_back(of_output[i]);
  for (std::size_t j = i + 1; j < a_stages.size(); ++j) {
    if (i >= a[j].size() || a[j][i] == 0 || a_stages[j].empty()) continue;
    terms.push_back(a_stages[j]);
    weights.push_back(a[j][i]);
  }
  if (std::all_of(weights.begin(), weights.end(), [](double weight) { return weight == 0; })) return {};
  auto a_k = empty_like(a_z_);
  combine({}, terms, weights, h, a_k);
  return a_k;
}

CotangentSweep::TimeCotangents RkAdjoint::step(const Grid::Step& step, const SolverState& before, bool wants_h) {
  const auto& z = before.z;
  auto stages = linearised_stages(step, z);
  const auto& k = stages.k;
  TimeCotangents result;
  if (wants_h) result.h += weighted_dot(a_z_, k, tableau_.b);
  differentiate_times(stages, step.h, wants_h, result);

  const auto given_out = outputs();
  std::vector<TensorList> a_stages(k.size()), added(given_out.cotangents.begin() + 1, given_out.cotangents.end());
  for (std::size_t i = k.size(); i-- > 0;) {
    const auto a_k = stage_cotangent(i, step.h, given_out, a_stages);
    if (a_k.empty()) continue;
    auto cotangents = stages.linearizations[i].pullback(a_k);
    stages.linearizations[i] = {};
    accumulate(a_parameters_, cotangents.a_parameters);
    a_stages[i] = cotangent_like(std::move(cotangents.a_z), z);
    const double a_t = wants_times_ ? scalar(cotangents.a_t) : 0;
    result.start += a_t;
    if (wants_h) result.h += tableau_.c[i] * a_t + weighted_dot(a_stages[i], k, tableau_.a[i]);
    added.push_back(a_stages[i]);
  }
  combine(a_z_, added, std::vector<double>(added.size(), 1), 1, a_z_);
  inside_.clear();
  return result;
}

}  // namespace neuralode
