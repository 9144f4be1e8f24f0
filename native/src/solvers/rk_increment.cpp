#include "solvers/rk_increment.h"

#include <ATen/ATen.h>

#include "solvers/alf_kernels.h"
#include "solvers/rk_kernels.h"
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

void RkIncrement::linearize(double t, double h, const TensorList& z, const First& first, std::int64_t rest) {
  h_ = h;
  linearizations_.clear();
  k_.clear();
  for (std::size_t i = 0; i < tableau_.used_stages(); ++i) {
    auto z_i = z;
    if (i > 0) combine(z, k_, tableau_.a[i], h, z_i = empty_like(z));
    linearizations_.push_back(i == 0 ? sweep_.linearization(first.t, z_i, first.evaluation)
                                     : sweep_.linearization(t + tableau_.c[i] * h, z_i, rest + static_cast<std::int64_t>(i) - 1));
    k_.push_back(laid_out_as(linearizations_.back().u, z));
  }
}

TensorList RkIncrement::stage_cotangent(std::size_t i, const TensorList& a, double scale, const std::vector<TensorList>& a_stages) const {
  std::vector<TensorList> terms{a};
  std::vector<double> weights{scale * tableau_.b[i]};
  for (std::size_t j = i + 1; j < k_.size(); ++j) {
    const auto& row = tableau_.a[j];
    if (i >= row.size() || row[i] == 0 || a_stages[j].empty()) continue;
    terms.push_back(a_stages[j]);
    weights.push_back(row[i]);
  }
  if (weights.size() == 1 && weights[0] == 0) return {};
  auto a_k = empty_like(a);
  combine({}, terms, weights, h_, a_k);
  return a_k;
}

CotangentSweep::TimeCotangents RkIncrement::pull_back(const TensorList& a, double scale, const TensorList& a_z, bool wants_h) {
  CotangentSweep::TimeCotangents result;
  if (wants_h) result.h += scale * weighted_dot(a, k_, tableau_.b);
  std::vector<TensorList> a_stages(k_.size()), used;
  for (std::size_t i = k_.size(); i-- > 0;) {
    const auto a_k = stage_cotangent(i, a, scale, a_stages);
    if (a_k.empty()) continue;
    auto cotangents = sweep_.pull_back(linearizations_[i], a_k);
    a_stages[i] = std::move(cotangents.a_z);
    const double a_t = sweep_.wants_times() ? CotangentSweep::scalar(cotangents.a_t) : 0;
    result.start += a_t;
    if (wants_h) result.h += tableau_.c[i] * a_t + weighted_dot(a_stages[i], k_, tableau_.a[i]);
    used.push_back(a_stages[i]);
  }
  combine(a_z, used, std::vector<double>(used.size(), 1.0), 1, a_z);
  linearizations_.clear();
  k_.clear();
  return result;
}

}  // namespace neuralode
