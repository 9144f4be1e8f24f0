// Solves that are watched, and their gradients by any method.
#pragma once

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "gradients/observer.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {

using EventFunction = std::function<at::Tensor(const at::Tensor&, const TensorList&)>;

inline SolveOptions with(SolverKind solver, SolveOptions options, GradientKind gradient, bool dense = false, std::int64_t checkpoints = 0) {
  options.solver = solver;
  options.gradient = gradient;
  options.dense_output = dense;
  options.checkpoints = gradient == GradientKind::pnode ? checkpoints : 0;
  if (traits_of(solver).implicit) {
    options.newton.tolerance = options.steps.step_size > 0 ? 1e-13 : 1e-9;
    options.newton.max_iterations = 30;
  }
  return options;
}

inline Observer event(EventFunction g, int direction = 0) { return {nullptr, std::move(g), direction}; }

inline ObservedSolution observe(const Ode& ode, const SolveOptions& options, const Observer& observer) {
  return solve(
      {ode.f, ode.z0, time_of(ode.t0), time_of(ode.t1), ode.t_eval.empty() ? at::Tensor() : at::tensor(ode.t_eval, at::kDouble), options},
      observer);
}

/// Gradients of the inner product of the states that are reached with waves, + 1.7 times the event's time.
struct EventGradients {
  double time;
  TensorList states, gradients;
  Statistics statistics;
};

inline EventGradients differentiate(const Ode& ode, const SolveOptions& options, const Observer& observer, const TensorList& of_g = {}) {
  TensorList inputs;
  for (const auto& z : ode.z0) inputs.push_back(z.detach().clone().requires_grad_());
  const TensorList z0(inputs);
  const auto t0 = time_of(ode.t0, true);
  const auto t_eval = ode.t_eval.empty() ? at::Tensor() : at::tensor(ode.t_eval, at::kDouble).requires_grad_();
  const auto parameters = differentiable_parameters(*ode.f);
  inputs.push_back(t0);
  if (t_eval.defined()) inputs.push_back(t_eval);
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  inputs.insert(inputs.end(), of_g.begin(), of_g.end());
  const auto observed = solve({ode.f, z0, t0, time_of(ode.t1, true), t_eval, options}, observer);
  TensorList reached;
  for (const auto& state : observed.solution.states) reached.push_back(state.nan_to_num(0));
  const auto loss = loss_of(reached) + 1.7 * observed.event_time;
  EventGradients result{observed.event_time.item<double>(), {}, torch::autograd::grad({loss}, inputs, {}, {}, false, true), {}};
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!result.gradients[i].defined()) result.gradients[i] = at::zeros_like(inputs[i]);
  for (const auto& state : reached) result.states.push_back(state.detach());
  result.statistics = *observed.solution.statistics;
  return result;
}

inline double gap(const EventGradients& a, const EventGradients& b) {
  return std::max({std::abs(a.time - b.time), testing::gap(a.states, b.states), testing::gap(a.gradients, b.gradients)});
}

/// An event on the MLP's solution that happens inside the third step of 0.15, with a parameter of its own.
struct Crossing {
  Mlp mlp;
  at::Tensor level = at::scalar_tensor(0.35, at::kDouble).requires_grad_();
  Observer observer() const {
    return event(
        [level = level](const at::Tensor& t, const TensorList& z) { return z[0].select(0, 0).sum().tanh() * 0.1 + t * t - level; });
  }
  Ode ode(std::vector<double> t_eval = {}) const { return {mlp.dynamics(), {wave({3, 4})}, 0.2, 3, std::move(t_eval)}; }
};

/// z(t) = sin(t) of z'' = -z, by steps of a tenth.
inline ObservedSolution sine(const Observer& observer, double t0, double t1, std::vector<double> t_eval = {},
                             GradientKind gradient = GradientKind::none) {
  const auto f = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[1], -z[0]}; });
  return observe({f, {time_of(std::sin(t0)), time_of(std::cos(t0))}, t0, t1, std::move(t_eval)},
                 with(SolverKind::dopri8, fixed_steps(0.1), gradient), observer);
}
inline const auto height = [](const at::Tensor&, const TensorList& z) { return z[0]; };
inline constexpr double pi = 3.14159265358979323846;

}  // namespace neuralode::testing
