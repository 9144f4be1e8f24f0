#include <ATen/ATen.h>
#include <torch/csrc/autograd/graph_task.h>

#include <utility>

#include "core/error.h"
#include "gradients/graphs.h"
#include "gradients/output_cotangents.h"
#include "gradients/sweep.h"
#include "gradients/time_gradients.h"

namespace neuralode {

namespace {

void check_unchanged(const Sweep& sweep) {
  for (std::size_t i = 0; i < sweep.watched.size(); ++i)
    require(sweep.watched_parameters[i].unchanged(), "parameter '", sweep.watched[i].first,
            "' was changed in place between the forward solve and backward, so the trajectory cannot be retraced; "
            "call backward before optimizer.step(), or solve again");
}

/// Sets the modules' modes for a reverse sweep and puts back what it was.
class TrainingScope {
 public:
  TrainingScope(Dynamics& dynamics, const std::vector<bool>& modes) : dynamics_(dynamics), before_(dynamics.modes()) { set(modes); }
  ~TrainingScope() { set(before_); }
  TrainingScope(const TrainingScope&) = delete;
  TrainingScope& operator=(const TrainingScope&) = delete;

 private:
  void set(const std::vector<bool>& modes) {
    if (dynamics_.modes() != modes) dynamics_.set_modes(modes);
  }
  Dynamics& dynamics_;
  std::vector<bool> before_;
};

/// f as it was in the forward sweep, for as long as this lives.
class AsForward {
 public:
  explicit AsForward(Sweep& sweep)
      : training_(*sweep.dynamics, sweep.modes), buffers_(*sweep.dynamics), autocast_(sweep.autocast), random_(sweep.random) {}

 private:
  at::NoGradGuard not_recording_;
  TrainingScope training_;
  BufferGuard buffers_;
  AutocastScope autocast_;
  RandomReplay::Scope random_;
};

ReverseResult run(Sweep& sweep, const SolverState& end, const TensorList& states, const TensorList& cotangents) {
  if (sweep.graphs)
    if (auto replayed = sweep.graphs->reverse(sweep, end, cotangents)) return std::move(*replayed);
  switch (sweep.options.gradient) {
    case GradientKind::adjoint:
      return adjoint_sweep(sweep, states, cotangents);
    case GradientKind::aca:
    case GradientKind::anode:
    case GradientKind::pnode:
      return checkpointed_sweep(sweep, cotangents);
    default:
      return inverse_sweep(sweep, end, cotangents);
  }
}

}  // namespace

ReverseResult reverse_sweep(Sweep& sweep, const SolverState& end, const TensorList& states, const TensorList& cotangents) {
  check_unchanged(sweep);
  const AsForward as_forward(sweep);
  sweep.statistics->steps_replayed = 0;
  sweep.statistics->jacobian_products_backward = 0;
  auto result = run(sweep, end, states, cotangents);
  sweep.statistics->nfe_backward += std::exchange(sweep.evaluations_of_end, 0);
  if (!torch::autograd::get_current_graph_task_keep_graph()) sweep.release();
  return result;
}

double end_time_derivative(Sweep& sweep, const SolverState& before, const TensorList& end, const TensorList& cotangents) {
  check_unchanged(sweep);
  const AsForward as_forward(sweep);
  const auto& landings = sweep.landings;
  const OutputCotangents outputs(landings, cotangents);
  const auto last = static_cast<std::int64_t>(landings.times.size()) - 1;
  if (sweep.options.gradient == GradientKind::adjoint) {
    const auto u = sweep.dynamics->eval(time_tensor(landings.times.back(), end), end);
    drop_kept_casts(end[0].device().type());
    ++sweep.evaluations_of_end;
    double sum = 0;
    const auto a_end = outputs.of(last);
    for (std::size_t i = 0; i < a_end.size(); ++i)
      if (a_end[i].defined()) sum += a_end[i].to(at::kDouble).mul(u[i].to(at::kDouble)).sum().item<double>();
    return sum;
  }
  const auto solver = sweep.solver();
  const auto start = solver->in_floats(before);
  const auto adjoint = solver->adjoint(*sweep.dynamics, sweep.random, start.z, {}, /*wants_times=*/true);
  const auto number = sweep.grid->steps.size() - 1;
  const auto& step = sweep.grid->steps[number];
  outputs.add(*adjoint, last);
  outputs.add_inside(*adjoint, number);
  TimeGradients times(landings);
  times.add(landings, static_cast<std::size_t>(last), number, step, adjoint->step(step, start, /*wants_h=*/true));
  sweep.evaluations_of_end += adjoint->evaluations();
  return times.values.back();
}

}  // namespace neuralode
