#include "gradients/solve.h"

#include <cmath>

#include "core/error.h"
#include "gradients/autograd_node.h"
#include "gradients/backprop.h"
#include "solvers/alf.h"
#include "solvers/alf_kernels.h"
#include "solvers/tableau.h"

namespace neuralode {

namespace {

void check_range(const char* name, int value, int last) {
  require(value >= 0 && value <= last, name, ": ", value, " is no such choice; give a value from 0 to ", last);
}

void check_solver(const SolveOptions& options) {
  const bool alf = options.solver == SolverKind::alf;
  require(alf || options.eta == 1, "eta: ", options.eta, " damps alf alone; set it to 1, or solver to alf (0)");
  require(alf || options.steps.step_size > 0 || tableau_of(options.solver).error_order > 0,
          "step_size: 0 asks for adaptive steps, and solver ", alf ? "" : tableau_of(options.solver).name,
          " has no error estimate; give a positive step_size, or a solver that has one (bosh3, dopri5, ...)");
}

void check_gradient(const SolveOptions& options) {
  const bool alf = options.solver == SolverKind::alf, pnode = options.gradient == GradientKind::pnode;
  require(options.gradient != GradientKind::mali || alf, "gradient: mali (0) undoes the steps of alf alone; for solver ",
          static_cast<int>(options.solver), " choose pnode (6), aca (4), anode (5), adjoint (3) or backprop (1)");
  require(options.checkpoints >= 0, "checkpoints: ", options.checkpoints, " is no number of states; give 1 or more, or 0 for every state");
  require(options.checkpoints == 0 || pnode, "checkpoints: ", options.checkpoints,
          " is used by the gradient method pnode (6) alone; set it to 0");
  require(!options.adjoint_seminorm || options.gradient == GradientKind::adjoint,
          "adjoint_seminorm: is used by the gradient method adjoint (3) alone; set it to 0");
  require(!options.adjoint_seminorm || options.steps.step_size == 0,
          "adjoint_seminorm: changes the error norm of adaptive steps alone; set it to 0, or step_size to 0");
}

/// How steps are undone, and what happens when they cannot be.
void check_reversal(const SolveOptions& options) {
  check_range("reversal", static_cast<int>(options.reversal), 1);
  check_range("snapshots", static_cast<int>(options.snapshots), 2);
  check_range("failure", static_cast<int>(options.failure), 1);
  require(std::isfinite(options.drift_tolerance) && options.drift_tolerance >= 0, "drift_tolerance: ", options.drift_tolerance,
          " is no tolerance; give a positive number, or 0 for the square root of the dtype's epsilon");
  const bool every = options.snapshots == SnapshotKind::every, mali = options.gradient == GradientKind::mali;
  require(!every || options.snapshot_interval >= 1, "snapshot_interval: ", options.snapshot_interval,
          " is no number of steps; give 1 or more");
  require(every || options.snapshot_interval == 0, "snapshot_interval: ", options.snapshot_interval,
          " is used with snapshots every (2) alone; set snapshots to it, or the interval to 0");
  require(!every || mali, "snapshots: only the gradient method mali keeps them; set snapshots to automatic (0), or gradient to mali (0)");
  if (options.reversal == ReversalKind::floating) return;
  require(options.eta == 1, "reversal: exact (1) undoes undamped steps only; set eta = ", options.eta, " to 1, or reversal to float (0)");
  require(options.solver == SolverKind::alf,
          "reversal: exact (1) undoes the steps of alf alone; set solver to alf (0), or reversal to float (0)");
  require(options.gradient == GradientKind::mali || options.gradient == GradientKind::none, "reversal: gradient ",
          static_cast<int>(options.gradient),
          " undoes no steps; set reversal to float (0), or gradient to mali (0), not backprop or another");
}

}  // namespace

void check(const SolveOptions& options) {
  const auto solver = static_cast<int>(options.solver), gradient = static_cast<int>(options.gradient);
  if (solver < 0 || solver > 9)
    fail(Status::unsupported, "solver: ", solver,
         " is not supported; this version has alf (0) and the explicit Runge-Kutta methods 1 to 9");
  if (gradient < 0 || gradient > 6)
    fail(Status::unsupported, "gradient: ", gradient,
         " is not supported; this version has mali (0), backprop (1), none (2), adjoint (3), aca (4), anode (5) and pnode (6)");
  check(options.steps);
  check_eta(options.eta);
  check_solver(options);
  check_gradient(options);
  check_reversal(options);
}

Solution solve(const Problem& problem) {
  check(problem.options);
  check_supported(problem.z0);
  switch (problem.options.gradient) {
    case GradientKind::backprop:
      return solve_backprop(problem);
    case GradientKind::none: {
      const at::NoGradGuard not_recording;
      return solve_with_node(problem);
    }
    default:
      return solve_with_node(problem);
  }
}

}  // namespace neuralode
