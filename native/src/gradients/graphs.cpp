#include "gradients/graphs.h"

#include <cstdlib>

#include "core/error.h"
#include "tensors/gpu.h"

namespace neuralode {

std::string graph_obstacle(const Sweep& sweep, bool observed) {
  const auto& options = sweep.options;
  const auto& z = sweep.z0[0].value();
  if (options.graphs == GraphKind::off) return "graphs: off";
  if (!z.is_cuda()) return "the state is on the CPU";
  if (!gpu::built) return gpu::absence();
  if (options.steps.step_size == 0) return "steps are adaptive; give a step_size";
  if (options.gradient != GradientKind::mali && options.gradient != GradientKind::none)
    return "the gradient method keeps states; use mali or none";
  if (traits_of(options.solver).implicit) return "the solver's equations are solved step by step";
  if (options.reversal == ReversalKind::exact) return "exact reversal chooses its numbers from the data; use reversal float";
  if (options.snapshots == SnapshotKind::every) return "states are kept; set snapshots to automatic or none";
  if (options.per_sample) return "samples have steps of their own";
  if (options.dense_output) return "states are interpolated; set dense_output to 0";
  if (observed) return "a callback looks at the steps";
  if (sweep.wants_times) return "derivatives to times are wanted";
  if (std::getenv("PYTORCH_NO_CUDA_MEMORY_CACHING") != nullptr) return "PYTORCH_NO_CUDA_MEMORY_CACHING is set, and graphs need the cache";
  for (const auto& parameter : sweep.parameters)
    if (!parameter.is_leaf()) return "a parameter is computed from other tensors";
  return sweep.dynamics->replay_obstacle();
}

std::shared_ptr<SweepGraphs> graphs_for(Sweep& sweep, bool observed) {
  const auto obstacle = graph_obstacle(sweep, observed);
  if (!obstacle.empty() && sweep.options.graphs == GraphKind::required) fail(Status::unsupported, "graphs: required, but ", obstacle);
  if constexpr (gpu::built)
    if (obstacle.empty()) return cuda_graphs_for(sweep);
  sweep.statistics->graph_forward = sweep.statistics->graph_backward = obstacle;
  return nullptr;
}

}  // namespace neuralode
