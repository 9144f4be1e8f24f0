// Which states of a forward sweep are kept, and the stretches of a reverse sweep between them.
#pragma once

#include <memory>

#include "gradients/sweep.h"

namespace neuralode {

/// Decides before each step whether the state there joins the sweep's snapshots, and which one leaves them for it.
class KeepPolicy {
 public:
  virtual ~KeepPolicy() = default;
  struct Decision {
    bool keep = false;
    std::int64_t drop = -1;  ///< step number of the snapshot to drop, or -1
  };
  /// step: 0, 1, ...; h: the length tried.
  virtual Decision before_step(std::int64_t step, double h) = 0;
};

/// The policy of the sweep's gradient method and options.
std::unique_ptr<KeepPolicy> keep_policy(const Sweep& sweep, const Solver& solver);

}  // namespace neuralode
