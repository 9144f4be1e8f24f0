#include "gradients/event_gradient.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <cmath>

#include "solvers/sweeps.h"

namespace neuralode {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct EventDerivative : torch::CustomClassHolder {
  double t = 0;
  double g_t = 0;
  TensorList g_states;  ///< dg/dz at the end, in the form of the states
  EndTimeDerivative end_time_derivative;
  double change = NAN;  ///< dg/dt along the solution, once it has been asked for

  double change_along_solution() {
    if (std::isnan(change)) change = g_t + end_time_derivative(g_states);
    if (!(std::abs(change) > 0) || !std::isfinite(change))
      fail(Status::non_finite, "event: g does not change along the solution at its time t = ", t, " (dg/dt = ", change,
           "), so that the time has no derivative; use a g that passes 0 with a slope");
    return change;
  }
};

/// Inputs: states..., g at the end. Outputs: the states and the event's time.
class EventFunction : public torch::autograd::Function<EventFunction> {
 public:
  static variable_list forward(AutogradContext* context, c10::intrusive_ptr<EventDerivative> derivative, at::TensorList inputs) {
    variable_list outputs;
    for (const auto& state : inputs.slice(0, inputs.size() - 1)) outputs.push_back(state.detach());
    outputs.push_back(at::scalar_tensor(derivative->t, at::kDouble));
    context->save_for_backward({inputs.back()});
    context->saved_data["derivative"] = c10::IValue::make_capsule(std::move(derivative));
    return outputs;
  }

  static variable_list backward(AutogradContext* context, variable_list cotangents) {
    const auto g = context->get_saved_variables()[0];
    const auto holder = context->saved_data["derivative"].toCapsule();
    auto& derivative = *static_cast<EventDerivative*>(holder.get());
    const TensorList a_states(cotangents.begin(), cotangents.end() - 1);
    auto a_g = at::full_like(g, cotangent_of_g(derivative, a_states, cotangents.back()));
    if (at::GradMode::is_enabled()) a_g = closed_to_double_backward(a_g, g);
    variable_list gradients{at::Tensor()};  // of derivative
    gradients.insert(gradients.end(), a_states.begin(), a_states.end());
    gradients.push_back(a_g);
    return gradients;
  }

 private:
  static double cotangent_of_g(EventDerivative& derivative, const TensorList& a_states, const at::Tensor& a_time) {
    const at::NoGradGuard not_recording;
    const bool reached = std::any_of(a_states.begin(), a_states.end(), [](const auto& a) { return a.defined(); });
    const double a_end = (a_time.defined() ? a_time.item<double>() : 0) + (reached ? derivative.end_time_derivative(a_states) : 0);
    return a_end == 0 ? 0 : -a_end / derivative.change_along_solution();
  }

  /// a_g, which throws when it is differentiated once more; it is made to depend on g, so that this is seen wherever g leads.
  static at::Tensor closed_to_double_backward(const at::Tensor& a_g, const at::Tensor& g) {
    const auto node = std::make_shared<torch::autograd::DelayedError>(
        "double backward: what an event ended has no second derivative; solve to a time that is known where one is needed", 1);
    return (*node)({a_g + 0 * g})[0];
  }
};

/// Zeros, and `end` as the state at the end.
TensorList with_end(const Problem& problem, const TensorList& states, const TensorList& end) {
  if (!problem.t_eval.defined()) return end;
  TensorList result;
  for (std::size_t i = 0; i < states.size(); ++i) {
    result.push_back(at::zeros_like(states[i]));
    if (end[i].defined()) result[i].select(0, -1).copy_(end[i]);
  }
  return result;
}

}  // namespace

TensorList end_of(const Problem& problem, const TensorList& states) {
  if (!problem.t_eval.defined()) return states;
  TensorList end;
  for (const auto& state : states) end.push_back(state.select(0, -1));
  return end;
}

void drop_end(const Problem& problem, TensorList& states) {
  if (!problem.t_eval.defined()) return;
  for (auto& state : states) state = state.narrow(0, 0, state.size(0) - 1);
}

bool has_graph_of_its_own(const Observer& observer, double t, const TensorList& z) {
  TensorList plain;
  for (const auto& tensor : z) plain.push_back(tensor.detach());
  return observer.event(time_tensor(t, plain), plain).requires_grad();
}

ObservedSolution through_event(const Problem& problem, const Observer& observer, Solution solution, double t,
                               EndTimeDerivative end_time_derivative) {
  auto end = end_of(problem, solution.states);
  const bool solved_with_graph = end[0].requires_grad();
  const bool differentiable = at::GradMode::is_enabled() && problem.options.gradient != GradientKind::none &&
                              (solved_with_graph || has_graph_of_its_own(observer, t, end));
  if (!differentiable) {
    drop_end(problem, solution.states);
    return {std::move(solution), at::scalar_tensor(t, at::kDouble)};
  }
  if (!solved_with_graph)
    for (auto& tensor : end) tensor = tensor.detach().requires_grad_();
  const auto t_leaf = time_tensor(t, end).requires_grad_();
  const auto g = observer.event(t_leaf, end);
  require(g.requires_grad(), "event: g(t, z) was not recorded; compute it from t and z by operators of libtorch, with grad mode on");

  TensorList inputs(end);
  inputs.push_back(t_leaf);
  auto slopes = torch::autograd::grad({g}, inputs, {}, /*retain_graph=*/true, /*create_graph=*/false, /*allow_unused=*/true);
  auto derivative = c10::make_intrusive<EventDerivative>();
  derivative->t = t;
  derivative->g_t = slopes.back().defined() ? slopes.back().item<double>() : 0;
  slopes.pop_back();
  derivative->g_states = with_end(problem, solution.states, slopes);
  derivative->end_time_derivative = std::move(end_time_derivative);
  variable_list nodes(solution.states);
  nodes.push_back(g);
  auto outputs = EventFunction::apply(std::move(derivative), at::TensorList(nodes));
  ObservedSolution result{std::move(solution), outputs.back()};
  outputs.pop_back();
  result.solution.states = std::move(outputs);
  drop_end(problem, result.solution.states);
  return result;
}

}  // namespace neuralode
