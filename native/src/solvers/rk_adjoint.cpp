#include <ATen/ATen.h>

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

RkAdjoint::RkAdjoint(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, const TensorList& z, TensorList parameters,
                     bool wants_times)
    : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times), tableau_(tableau) {}

CotangentSweep::TimeCotangents RkAdjoint::step(const Grid::Step& step, const SolverState& before, bool wants_h) {
  const auto& [name, order, error_order, fsal, c, a, b, error] = tableau_;
  const auto stages = fsal ? tableau_.stages() - 1 : tableau_.stages();  // z' does not depend on a FSAL method's last
  const auto& z = before.z;
  std::vector<Linearization> linearizations;
  std::vector<TensorList> k;
  for (std::size_t i = 0; i < stages; ++i) {
    auto z_i = z;
    if (i > 0) combine(z, k, a[i], step.h, z_i = empty_like(z));
    random_.replay(i == 0 ? step.start : step.evaluation + static_cast<std::int64_t>(i) - 1);
    linearizations.push_back(dynamics_.linearize(time_tensor(step.t + c[i] * step.h, z), z_i, parameters_, wants_times_));
    drop_kept_casts(z[0].device().type());
    k.push_back(laid_out_as(linearizations.back().u, z));
    ++evaluations_;
  }

  TimeCotangents result;
  if (wants_h) result.h += weighted_dot(a_z_, k, b);
  std::vector<TensorList> a_stages(stages);
  std::vector<double> ones;
  std::vector<TensorList> used;
  for (std::size_t i = stages; i-- > 0;) {
    // a_k_i / h: the weights of a_z' and of the later stages' cotangents.
    std::vector<TensorList> terms{a_z_};
    std::vector<double> weights{b[i]};
    for (std::size_t j = i + 1; j < stages; ++j) {
      if (i >= a[j].size() || a[j][i] == 0 || a_stages[j].empty()) continue;
      terms.push_back(a_stages[j]);
      weights.push_back(a[j][i]);
    }
    if (weights.size() == 1 && weights[0] == 0) continue;
    const auto a_k = empty_like(z);
    combine({}, terms, weights, step.h, a_k);
    auto cotangents = linearizations[i].pullback(a_k);
    linearizations[i] = {};
    accumulate(a_parameters_, cotangents.a_parameters);
    a_stages[i] = cotangent_like(std::move(cotangents.a_z), z);
    const double a_t = wants_times_ ? scalar(cotangents.a_t) : 0;
    result.start += a_t;
    if (wants_h) result.h += c[i] * a_t + weighted_dot(a_stages[i], k, a[i]);
    used.push_back(a_stages[i]);
    ones.push_back(1);
  }
  combine(a_z_, used, ones, 1, a_z_);
  return result;
}

}  // namespace neuralode
