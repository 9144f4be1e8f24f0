#include "gradients/solve.h"

#include <cmath>

#include "core/error.h"
#include "gradients/backprop.h"
#include "gradients/mali.h"
#include "solvers/alf.h"
#include "solvers/alf_kernels.h"

namespace neuralode {

namespace {

void check_range(const char* name, int value, int last) {
  require(value >= 0 && value <= last, name, ": ", value, " is no such choice; give a value from 0 to ", last);
}

/// How steps are undone, and what happens when they cannot be.
void check_reversal(const SolveOptions& options) {
  check_range("reversal", static_cast<int>(options.reversal), 1);
  check_range("snapshots", static_cast<int>(options.snapshots), 2);
  check_range("failure", static_cast<int>(options.failure), 1);
  require(std::isfinite(options.drift_tolerance) && options.drift_tolerance >= 0, "drift_tolerance: ", options.drift_tolerance,
          " is no tolerance; give a positive number, or 0 for the square root of the dtype's epsilon");
  const bool every = options.snapshots == SnapshotKind::every, mali = options.gradient == GradientKind::mali;
  require(!every || options.snapshot_interval >= 1, "snapshot_interval: ", options.snapshot_interval, " is no number of steps; give 1 or more");
  require(every || options.snapshot_interval == 0, "snapshot_interval: ", options.snapshot_interval,
          " is used with snapshots every (2) alone; set snapshots to it, or the interval to 0");
  require(!every || mali, "snapshots: only the gradient method mali keeps them; set snapshots to automatic (0), or gradient to mali (0)");
  if (options.reversal == ReversalKind::floating) return;
  require(options.eta == 1, "reversal: exact (1) undoes undamped steps only; set eta = ", options.eta, " to 1, or reversal to float (0)");
  require(options.gradient != GradientKind::backprop, "reversal: backprop undoes no steps; set reversal to float (0), or gradient to mali (0)");
}

}  // namespace

void check(const SolveOptions& options) {
  if (options.solver != SolverKind::alf)
    fail(Status::unsupported, "solver: ", static_cast<int>(options.solver), " is not supported; this version has alf (0)");
  const auto gradient = static_cast<int>(options.gradient);
  if (gradient < 0 || gradient > 2)
    fail(Status::unsupported, "gradient: ", gradient, " is not supported; this version has mali (0), backprop (1) and none (2)");
  check(options.steps);
  check_eta(options.eta);
  check_reversal(options);
}

Solution solve(const Problem& problem) {
  check(problem.options);
  check_supported(problem.z0);
  switch (problem.options.gradient) {
    case GradientKind::backprop: return solve_backprop(problem);
    case GradientKind::none: {
      const at::NoGradGuard not_recording;
      return solve_mali(problem);
    }
    default: return solve_mali(problem);
  }
}

}  // namespace neuralode
