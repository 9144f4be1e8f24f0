// Reversible solvers for tests of what differs little between them.
#pragma once

#include "support/drifting.h"

namespace neuralode::testing {

/// coupling 0: 0.999, which is what the gradient method chooses; of reversible Heun none.
struct ReversibleMethod {
  SolverKind solver;
  double coupling = 0;
};

inline constexpr ReversibleMethod reversible_methods[] = {{SolverKind::rk4}, {SolverKind::bosh3, 0.9}, {SolverKind::reversible_heun}};

inline SolveOptions with(const ReversibleMethod& method, SolveOptions options, GradientKind gradient = GradientKind::reversible) {
  options.solver = method.solver;
  options.coupling = method.coupling == 0 && method.solver != SolverKind::reversible_heun ? 0.999 : method.coupling;
  options.gradient = gradient;
  return options;
}

inline SolveOptions kept_by(const ReversibleMethod& method, SnapshotKind snapshots, double h, std::int64_t interval = 0) {
  return with(method, kept(snapshots, h, 1, interval));
}

}  // namespace neuralode::testing
