#include "support/ode.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "support/expect.h"

namespace neuralode::testing {

at::Tensor wave(at::IntArrayRef sizes, double phase, double amplitude, at::ScalarType dtype) {
  const auto count = c10::multiply_integers(sizes);
  return at::arange(count, at::kDouble).mul_(1.3).add_(phase).cos_().mul_(amplitude).reshape(sizes).to(dtype);
}

SolveOptions fixed_steps(double h, double eta, GradientKind gradient) {
  SolveOptions options;
  options.steps.step_size = h;
  options.eta = eta;
  options.gradient = gradient;
  return options;
}

SolveOptions adaptive_steps(double rtol, double atol, GradientKind gradient) {
  SolveOptions options;
  options.steps.rtol = rtol;
  options.steps.atol = atol;
  options.gradient = gradient;
  return options;
}

Mlp::Mlp(at::ScalarType dtype)
    : w1(wave({4, 5}, 0.1, 0.6, dtype).requires_grad_()),
      b(wave({5}, 0.2, 0.3, dtype).requires_grad_()),
      c(wave({5}, 0.3, 0.5, dtype).requires_grad_()),
      w2(wave({5, 4}, 0.4, 0.6, dtype).requires_grad_()) {}

at::Tensor Mlp::operator()(const at::Tensor& t, const at::Tensor& z) const { return (z.matmul(w1) + b + c * t).tanh().matmul(w2); }

std::shared_ptr<Dynamics> Mlp::dynamics() const {
  return testing::dynamics([self = *this](const at::Tensor& t, const TensorList& z) { return TensorList{self(t, z[0])}; }, parameters());
}

at::Tensor loss_of(const TensorList& states) {
  at::Tensor loss;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto weights = wave(states[i].sizes(), 0.5 + double(i), 1, states[i].scalar_type()).to(states[i].device());
    const auto term = (states[i] * weights).sum();
    loss = loss.defined() ? loss + term : term;
  }
  return loss;
}

Solution solve_plainly(const Ode& ode, const SolveOptions& options) {
  return solve(
      {ode.f, ode.z0, time_of(ode.t0), time_of(ode.t1), ode.t_eval.empty() ? at::Tensor() : at::tensor(ode.t_eval, at::kDouble), options});
}

Gradients differentiate(const Ode& ode, const SolveOptions& options) {
  TensorList inputs;
  for (const auto& z : ode.z0) inputs.push_back(z.detach().clone().requires_grad_());
  const TensorList z0(inputs);
  const auto t0 = time_of(ode.t0, true), t1 = time_of(ode.t1, true);
  const auto t_eval = ode.t_eval.empty() ? at::Tensor() : at::tensor(ode.t_eval, at::kDouble).requires_grad_();
  const auto parameters = differentiable_parameters(*ode.f);
  inputs.insert(inputs.end(), {t0, t1});
  if (t_eval.defined()) inputs.push_back(t_eval);
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());

  const auto solution = solve({ode.f, z0, t0, t1, t_eval, options});
  const auto all = torch::autograd::grad({loss_of(solution.states)}, inputs, {}, {}, false, /*allow_unused=*/true);
  Gradients result;
  for (const auto& state : solution.states) result.states.push_back(state.detach());
  auto next = all.begin();
  for (std::size_t i = 0; i < z0.size(); ++i) result.a_z0.push_back(*next++);
  result.a_t0 = *next++;
  result.a_t1 = *next++;
  if (t_eval.defined()) result.a_t_eval = *next++;
  result.a_parameters.assign(next, all.end());
  result.statistics = *solution.statistics;
  return result;
}

double gap(const Gradients& a, const Gradients& b) {
  // A method that does not reach an input leaves its gradient undefined, another gives zeros: both mean zero.
  const auto filled = [](at::Tensor value, const at::Tensor& other) {
    return value.defined() || !other.defined() ? value : at::zeros_like(other);
  };
  double largest = std::max(gap(a.states, b.states), gap(a.a_z0, b.a_z0));
  for (std::size_t i = 0; i < a.a_parameters.size(); ++i)
    largest = std::max(largest, gap(filled(a.a_parameters[i], b.a_parameters[i]), filled(b.a_parameters[i], a.a_parameters[i])));
  for (const auto member : {&Gradients::a_t0, &Gradients::a_t1, &Gradients::a_t_eval})
    largest = std::max(largest, gap(filled(a.*member, b.*member), filled(b.*member, a.*member)));
  return largest;
}

}  // namespace neuralode::testing
