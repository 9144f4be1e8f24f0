#include "solvers/implicit_adjoint.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "solvers/rk_kernels.h"
#include "tensors/autocast.h"
#include "tensors/flat.h"
#include "tensors/layout.h"

namespace neuralode {

ImplicitSteps::ImplicitSteps(Dynamics& dynamics, RandomReplay& random, const ImplicitTableau& tableau, const NewtonSettings& settings)
    : stages_(
          dynamics, tableau, settings,
          [this, &random](bool start, const std::function<void()>& evaluation) {
            random.replay(start ? step_->start : step_->evaluation);
            evaluation();
          },
          work_) {}

void ImplicitSteps::run(const Grid::Step& step, const TensorList& z, TensorList& z_next) {
  step_ = &step;
  stages_.begin(step.t, z);
  const auto result = stages_.run(step.t, step.h, z, z_next);
  drop_kept_casts(z[0].device().type());  // made without a graph, they must not serve a linearised evaluation
  if (result == ImplicitStages::Result::no_convergence)
    fail(Status::no_convergence, "the equations of the implicit step at t = ", step.t,
         ", solved in the forward sweep, were not solved in the reverse one: f gave another result for the same t and z; make it "
         "deterministic");
}

ImplicitAdjoint::ImplicitAdjoint(Dynamics& dynamics, RandomReplay& random, const ImplicitTableau& tableau, const NewtonSettings& settings,
                                 const TensorList& z, TensorList parameters, bool wants_times)
    : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times),
      tableau_(tableau),
      settings_(settings),
      steps_(dynamics, random, tableau, settings),
      apart_(steps_apart(dynamics, tableau)) {}

std::vector<ImplicitAdjoint::Stage> ImplicitAdjoint::linearised_stages(const Grid::Step& step, const SolverState& before) {
  auto solved = before.stages;
  if (solved.empty()) {
    const auto products = steps_.work().jacobian_products;
    steps_.run(step, before.z, z_next_);
    work_.jacobian_products += steps_.work().jacobian_products - products;
    ++steps_solved_;
    solved = steps_.solved();
  }
  std::vector<Stage> stages(tableau_.stages());
  auto next = solved.begin();
  const auto count = static_cast<std::ptrdiff_t>(before.z.size());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    auto& stage = stages[i];
    const bool implicit = tableau_.a[i].back() != 0;
    stage.z = implicit ? TensorList(next, next + count) : before.z;
    if (implicit) next += count;
    stage.t = time_tensor(step.t + tableau_.c[i] * step.h, before.z);
    random_.replay(implicit ? step.evaluation : step.start);
    auto& part = apart_ ? dynamics_.implicit_part() : dynamics_;
    stage.implicit_part = part.linearize(stage.t, stage.z, parameters_, wants_times_);
    stage.k = laid_out_as(stage.implicit_part.u, before.z);
    ++evaluations_;
    if (apart_) {
      random_.replay(implicit ? step.evaluation : step.start);
      stage.explicit_part = dynamics_.explicit_part()->linearize(stage.t, stage.z, parameters_, wants_times_);
      stage.l = laid_out_as(stage.explicit_part.u, before.z);
      ++evaluations_;
    }
    drop_kept_casts(before.z[0].device().type());
  }
  return stages;
}

TensorList ImplicitAdjoint::transposed_solve(const Stage& stage, const TensorList& r, double scale) {
  const auto right = flat(r);
  if (!right.isfinite().all().item<bool>()) return unflat(at::full_like(right, NAN), r);  // as every explicit method passes them on
  const bool dense = right.numel() <= settings_.dense_limit;
  if (dense) work_.jacobian_products += right.numel();
  auto matrix = dense ? NewtonMatrix(jacobian_of(stage.implicit_part, stage.z))
                      : NewtonMatrix(stage.t, stage.z, stage.implicit_part.state_pullback,
                                     (apart_ ? dynamics_.implicit_part() : dynamics_).preconditioner(), /*transposed=*/true,
                                     settings_.krylov_dimension, &work_.jacobian_products);
  const double tolerance = std::pow(settings_.epsilon, 0.8);
  const auto [x, residual] = matrix.solve(right, scale, tolerance, /*transposed=*/true);
  if (!x.isfinite().all().item<bool>() || !(residual <= std::sqrt(settings_.epsilon)))
    fail(Status::no_convergence, "the transposed equations of the implicit step at t = ", stage.t.item<double>(),
         " were solved to a relative residual of ", residual,
         " only; raise krylov_dimension or dense_jacobian_limit, or set a preconditioner");
  return unflat(x, r);
}

TensorList ImplicitAdjoint::gathered(std::size_t i, const std::vector<std::vector<double>>& a, const std::vector<TensorList>& a_stages,
                                     double h) const {
  std::vector<TensorList> terms{a_z_};
  std::vector<double> weights{tableau_.b[i]};
  for (const auto& [theta, g] : inside_) {
    terms.push_back(g);
    weights.push_back(tableau_.weights_inside(theta)[i]);
  }
  for (std::size_t j = i + 1; j < a_stages.size(); ++j) {
    terms.push_back(a_stages[j]);
    weights.push_back(a[j][i]);
  }
  auto sum = empty_like(a_z_);
  combine({}, terms, weights, h, sum);
  return sum;
}

void ImplicitAdjoint::differentiate_times(const std::vector<Stage>& stages, double h, bool wants_h, TimeCotangents& result) const {
  for (const auto& [theta, g] : inside_) {
    const auto weights = tableau_.weights_inside(theta), slopes = tableau_.slopes_inside(theta);
    double along = 0;
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const double with_slope = dot(g, stages[i].k) + (apart_ ? dot(g, stages[i].l) : 0);
      if (wants_h) result.h += weights[i] * with_slope;
      along += slopes[i] * with_slope;
    }
    if (wants_times_) result.theta.push_back(h * along);
  }
}

CotangentSweep::TimeCotangents ImplicitAdjoint::step(const Grid::Step& step, const SolverState& before, bool wants_h) {
  auto stages = linearised_stages(step, before);
  const auto& z = before.z;
  std::vector<TensorList> a_stages(stages.size());
  TimeCotangents result;
  // a_t of a part that is evaluated at t + c_i h; the slopes enter z_i with weights * h.
  const auto take = [&](InputCotangents cotangents, std::size_t i) {
    accumulate(a_parameters_, cotangents.a_parameters);
    const double a_t = wants_times_ ? scalar(cotangents.a_t) : 0;
    result.start += a_t;
    if (wants_h) result.h += tableau_.c[i] * a_t;
    return cotangent_like(std::move(cotangents.a_z), z);
  };
  const auto weigh = [&](const TensorList& a, const std::vector<double>& weights, bool of_explicit) {
    for (std::size_t j = 0; j < weights.size(); ++j)
      if (weights[j] != 0) result.h += weights[j] * dot(a, of_explicit ? stages[j].l : stages[j].k);
  };
  if (wants_h) weigh(a_z_, tableau_.b, false);
  if (wants_h && apart_) weigh(a_z_, tableau_.b, true);
  if (wants_times_) differentiate_times(stages, step.h, wants_h, result);
  for (std::size_t i = stages.size(); i-- > 0;) {
    const double scale = step.h * tableau_.a[i].back();
    auto right = gathered(i, tableau_.a, a_stages, step.h);
    TensorList q;
    if (apart_) {
      q = take(stages[i].explicit_part.pullback(gathered(i, tableau_.explicit_a, a_stages, step.h)), i);
      combine(right, {q}, {1}, scale, right);
    }
    const auto a_k = scale != 0 ? transposed_solve(stages[i], right, scale) : right;
    a_stages[i] = take(stages[i].implicit_part.pullback(a_k), i);
    if (apart_) {
      auto both = empty_like(z);
      combine(a_stages[i], {q}, {1}, 1, both);
      a_stages[i] = std::move(both);
    }
    if (wants_h) weigh(a_stages[i], tableau_.a[i], false);
    if (wants_h && apart_) weigh(a_stages[i], tableau_.explicit_a[i], true);
    stages[i].implicit_part.pullback = nullptr;
    stages[i].implicit_part.state_pullback = nullptr;
    stages[i].explicit_part = {};
  }
  for (auto& [theta, g] : std::exchange(inside_, {})) a_stages.push_back(std::move(g));
  combine(a_z_, a_stages, std::vector<double>(a_stages.size(), 1), 1, a_z_);
  return result;
}

}  // namespace neuralode
