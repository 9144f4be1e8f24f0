#include <ATen/ATen.h>
#include <torch/csrc/autograd/graph_task.h>

#include "core/error.h"
#include "gradients/sweep.h"

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

ReverseResult run(Sweep& sweep, const SolverState& end, const TensorList& states, const TensorList& cotangents) {
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
  const at::NoGradGuard not_recording;
  check_unchanged(sweep);
  const TrainingScope training(*sweep.dynamics, sweep.modes);
  const BufferGuard buffers(*sweep.dynamics);
  const AutocastScope autocast(sweep.autocast);
  const RandomReplay::Scope random(sweep.random);
  sweep.statistics->steps_replayed = 0;
  sweep.statistics->jacobian_products_backward = 0;
  auto result = run(sweep, end, states, cotangents);
  if (!torch::autograd::get_current_graph_task_keep_graph()) sweep.release();
  return result;
}

}  // namespace neuralode
