// CUDA graphs: the kernels of a fixed-step sweep recorded once and replayed by one launch, for every later solve of the same dynamics whose
// sweep queues the same kernels. Parameters are read where they are, so that an optimiser's changes in place count.
//
// A solve is eager twice before it is recorded, so that libraries have chosen their algorithms and have their work space; so is its reverse
// sweep. Where a replay met something that is not finite, or its drift asks for repairs, it is discarded and the sweep made eagerly.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gradients/sweep.h"

namespace neuralode {

/// Why solves like this one are not recorded; "" where they can be. Host work alone. observed: by an event or a step callback.
std::string graph_obstacle(const Sweep& sweep, bool observed);

/// The graphs of one kind of solve.
class SweepGraphs {
 public:
  virtual ~SweepGraphs() = default;
  /// The forward sweep by replay, recording it first if it is its turn; nothing where it must be made eagerly.
  virtual std::optional<ForwardResult> forward(Sweep& sweep) = 0;
  /// After an eager forward sweep that went well.
  virtual void saw_forward(Sweep& sweep) = 0;
  /// The same of the reverse sweep, which counts itself.
  virtual std::optional<ReverseResult> reverse(Sweep& sweep, const SolverState& end, const TensorList& cotangents) = 0;
};

/// Kept with the sweep's dynamics; null where there is an obstacle, which the statistics then name. Throws unsupported naming it where
/// options.graphs is required.
std::shared_ptr<SweepGraphs> graphs_for(Sweep& sweep, bool observed);

/// In builds with CUDA.
std::shared_ptr<SweepGraphs> cuda_graphs_for(Sweep& sweep);

}  // namespace neuralode
