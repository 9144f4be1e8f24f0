#include "gradients/autograd_node.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <torch/custom_class.h>

#include <algorithm>

#include "gradients/event_gradient.h"
#include "gradients/sweep.h"

namespace neuralode {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Gradients that throw when they are differentiated once more.
variable_list closed_to_double_backward(variable_list gradients) {
  for (auto& gradient : gradients)
    if (gradient.defined()) gradient = gradient.detach().requires_grad_(true);
  const auto node = std::make_shared<torch::autograd::DelayedError>(
      "double backward: this gradient method has no second derivative; solve with the gradient method backprop where one is needed",
      static_cast<std::int64_t>(gradients.size()));
  return (*node)(std::move(gradients));
}

/// Inputs: z0..., t0, t1, t_eval (one element, unused, when not given), parameters.... Outputs: the states of a solve that has been made.
class SolveFunction : public torch::autograd::Function<SolveFunction> {
 public:
  static variable_list forward(AutogradContext* context, c10::intrusive_ptr<Sweep> sweep, ForwardResult& solved, at::TensorList inputs) {
    const auto states = static_cast<std::ptrdiff_t>(sweep->z0.size());
    // Detached: a time that is changed in place by what came of it would otherwise keep itself and this node alive for ever.
    variable_list saved;
    for (auto i = states; i < states + 3; ++i) saved.push_back(inputs[static_cast<std::size_t>(i)].detach());
    // What the reverse sweep starts from: the adjoint ODE from the outputs, what undoes steps from the solver's own end state.
    if (sweep->options.gradient == GradientKind::adjoint) {
      saved.insert(saved.end(), solved.states.begin(), solved.states.end());
    } else if (undoes_steps(sweep->options.gradient)) {
      saved.insert(saved.end(), solved.end.z.begin(), solved.end.z.end());
      saved.insert(saved.end(), solved.end.v.begin(), solved.end.v.end());
    }
    context->save_for_backward(std::move(saved));
    context->saved_data["sweep"] = c10::IValue::make_capsule(std::move(sweep));
    return std::move(solved.states);
  }

  static variable_list backward(AutogradContext* context, variable_list cotangents) {
    const auto saved = context->get_saved_variables();
    const auto holder = context->saved_data["sweep"].toCapsule();
    auto& sweep = *static_cast<Sweep*>(holder.get());
    const auto states = static_cast<std::ptrdiff_t>(sweep.z0.size());
    const bool differentiating = at::GradMode::is_enabled();

    const auto kept = saved.begin() + 3;
    SolverState end;
    TensorList outputs;
    if (sweep.options.gradient == GradientKind::adjoint) outputs.assign(kept, saved.end());
    if (undoes_steps(sweep.options.gradient)) end = {{kept, kept + states}, {kept + states, saved.end()}};
    auto result = reverse_sweep(sweep, end, outputs, cotangents);
    variable_list gradients{at::Tensor(), at::Tensor()};  // of sweep and solved
    gradients.insert(gradients.end(), result.a_z0.begin(), result.a_z0.end());
    append_times(gradients, sweep, result, saved.begin());
    gradients.insert(gradients.end(), result.a_parameters.begin(), result.a_parameters.end());
    return differentiating ? closed_to_double_backward(std::move(gradients)) : gradients;
  }

 private:
  /// times: t0, t1, t_eval as they were given, for their dtypes and shapes.
  static void append_times(variable_list& gradients, const Sweep& sweep, const ReverseResult& result, variable_list::const_iterator times) {
    if (!sweep.wants_times) {
      gradients.resize(gradients.size() + 3);
      return;
    }
    const at::NoGradGuard not_recording;
    auto a_t1 = at::zeros_like(times[1]), a_t_eval = at::zeros_like(times[2]);
    for (std::size_t j = 0; j < sweep.landings.sources.size(); ++j) {
      const auto source = sweep.landings.sources[j];
      (source == Landings::t1_source ? a_t1 : a_t_eval.select(0, source)).add_(result.a_times[j + 1]);
    }
    for (std::size_t j = 0; j < result.a_interpolated.size(); ++j)
      a_t_eval.select(0, sweep.landings.interpolated[j].row).add_(result.a_interpolated[j]);
    gradients.push_back(at::full_like(times[0], result.a_times[0]));
    gradients.push_back(a_t1);
    gradients.push_back(a_t_eval);
  }
};

}  // namespace

ObservedSolution solve_with_node(const Problem& problem, const Observer* observer) {
  const auto sweep = c10::make_intrusive<Sweep>(problem, observer);
  const auto t_eval = problem.t_eval.defined() ? problem.t_eval : at::zeros({1}, at::kDouble);
  if (at::GradMode::is_enabled()) sweep->watch_parameters();
  variable_list inputs(problem.z0);
  inputs.insert(inputs.end(), {problem.t0, problem.t1, t_eval});
  inputs.insert(inputs.end(), sweep->parameters.begin(), sweep->parameters.end());
  const auto wants_gradient = [](const at::Tensor& input) { return input.requires_grad(); };
  sweep->differentiable = at::GradMode::is_enabled() && std::any_of(inputs.begin(), inputs.end(), wants_gradient);
  sweep->wants_times = problem.t0.requires_grad() || problem.t1.requires_grad() || t_eval.requires_grad();

  auto solved = forward_sweep(*sweep, observer);
  const bool event = solved.event && sweep->outcome->status == Status::ok;
  if (event) inputs[problem.z0.size() + 1] = at::scalar_tensor(sweep->grid->end, at::kDouble);  // the solve ended there, not at t1
  Solution solution{{}, sweep->statistics, sweep->outcome, sweep->grid};
  solution.states = sweep->differentiable && sweep->outcome->status == Status::ok
                        ? SolveFunction::apply(sweep, solved, at::TensorList(inputs))
                        : std::move(solved.states);
  if (!event) {
    if (sweep->finds_event) drop_end(problem, solution.states);
    return {std::move(solution), {}};
  }
  TensorList end;
  for (const auto& z : end_of(problem, solution.states)) end.push_back(z.detach());
  return through_event(problem, *observer, std::move(solution), sweep->grid->end,
                       [sweep, before = std::move(solved.before_event), end](const TensorList& cotangents) {
                         return end_time_derivative(*sweep, before, end, cotangents);
                       });
}

}  // namespace neuralode
