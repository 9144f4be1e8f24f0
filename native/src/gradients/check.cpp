// Which options fit together.
#include <cmath>

#include "core/error.h"
#include "gradients/solve.h"
#include "solvers/alf.h"

namespace neuralode {

namespace {

void check_range(const char* name, int value, int last) {
  require(value >= 0 && value <= last, name, ": ", value, " is no such choice; give a value from 0 to ", last);
}

bool is_explicit_rk(SolverKind solver) { return solver >= SolverKind::euler && solver <= SolverKind::dopri8; }

void check_solver(const SolveOptions& options) {
  require(options.solver == SolverKind::alf || options.eta == 1, "eta: ", options.eta,
          " damps alf alone; set it to 1, or solver to alf (0)");
  require(options.steps.step_size > 0 || traits_of(options.solver).error_order > 0, "step_size: 0 asks for adaptive steps, and solver ",
          traits_of(options.solver).name,
          " has no error estimate; give a positive step_size, or a solver that has one (bosh3, dopri5, ...)");
}

void check_gradient(const SolveOptions& options) {
  const bool alf = options.solver == SolverKind::alf, pnode = options.gradient == GradientKind::pnode;
  require(options.gradient != GradientKind::mali || alf, "gradient: mali (0) undoes the steps of alf alone; for solver ",
          traits_of(options.solver).name, " choose ", options.solver == SolverKind::reversible_heun ? "reversible (7), " : "",
          "pnode (6), ", is_explicit_rk(options.solver) ? "reversible (7), " : "", "aca (4), anode (5), adjoint (3) or backprop (1)");
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
  check_range("graphs", static_cast<int>(options.graphs), 2);
  require(std::isfinite(options.drift_tolerance) && options.drift_tolerance >= 0, "drift_tolerance: ", options.drift_tolerance,
          " is no tolerance; give a positive number, or 0 for the square root of the dtype's epsilon");
  require(options.drift_tolerance == 0 || undoes_steps(options.gradient), "drift_tolerance: ", options.drift_tolerance,
          " is for the gradient methods that undo steps, mali (0) and reversible (7); set it to 0");
  const bool every = options.snapshots == SnapshotKind::every;
  require(!every || options.snapshot_interval >= 1, "snapshot_interval: ", options.snapshot_interval,
          " is no number of steps; give 1 or more");
  require(every || options.snapshot_interval == 0, "snapshot_interval: ", options.snapshot_interval,
          " is used with snapshots every (2) alone; set snapshots to it, or the interval to 0");
  require(!every || undoes_steps(options.gradient),
          "snapshots: only the gradient methods mali and reversible keep them; set snapshots to automatic (0), or gradient to mali (0)");
  if (options.reversal == ReversalKind::floating) return;
  require(options.eta == 1, "reversal: exact (1) undoes undamped steps only; set eta = ", options.eta, " to 1, or reversal to float (0)");
  require(options.solver == SolverKind::alf,
          "reversal: exact (1) undoes the steps of alf alone; set solver to alf (0), or reversal to float (0)");
  require(options.gradient == GradientKind::mali || options.gradient == GradientKind::none, "reversal: gradient ",
          static_cast<int>(options.gradient),
          " undoes no steps; set reversal to float (0), or gradient to mali (0), not backprop or another");
}

void check_coupling(const SolveOptions& options) {
  const auto* name = traits_of(options.solver).name;
  require(std::isfinite(options.coupling) && options.coupling >= 0 && options.coupling <= 1, "coupling: ", options.coupling,
          " is outside (0, 1]; 0.999 is usual, 0 leaves it to the gradient method");
  require(options.coupling == 0 || is_explicit_rk(options.solver), "coupling: ", options.coupling,
          " couples steps of the explicit Runge-Kutta methods 1 to 9 alone; set it to 0 for solver ", name);
  require(options.gradient != GradientKind::reversible || is_explicit_rk(options.solver) || options.solver == SolverKind::reversible_heun,
          "gradient: reversible (7) undoes steps of the explicit Runge-Kutta methods 1 to 9 and of reversible-heun (10); for solver ", name,
          options.solver == SolverKind::alf ? " choose mali (0)" : " choose pnode (6)");
}

void check_newton(const SolveOptions& options) {
  const auto& newton = options.newton;
  require(std::isfinite(newton.tolerance) && newton.tolerance >= 0, "newton_tolerance: ", newton.tolerance,
          " is no tolerance; give a positive number, or 0 to have it chosen");
  require(newton.dense_limit >= 0, "dense_jacobian_limit: ", newton.dense_limit, " is no number of elements; give 1 or more, or 0 for 64");
  require(newton.max_iterations >= 0, "max_newton_iterations: ", newton.max_iterations,
          " allows none; give 1 or more, or 0 to have it chosen");
  require(newton.krylov_dimension >= 0, "krylov_dimension: ", newton.krylov_dimension, " is no dimension; give 1 or more, or 0 for 30");
  require(
      !options.checkpoint_stages || (options.gradient == GradientKind::pnode && traits_of(options.solver).implicit),
      "checkpoint_stages: saves the gradient method pnode (6) from solving the equations of implicit steps again; set it to 0 for others");
  if (traits_of(options.solver).implicit) return;
  const char* name = newton.tolerance != 0          ? "newton_tolerance"
                     : newton.dense_limit != 0      ? "dense_jacobian_limit"
                     : newton.max_iterations != 0   ? "max_newton_iterations"
                     : newton.krylov_dimension != 0 ? "krylov_dimension"
                                                    : nullptr;
  require(name == nullptr, name, ": is used by implicit solvers alone; set it to 0, or solver to one of 11 to 14, not ",
          traits_of(options.solver).name);
}

void check_samples(const SolveOptions& options) {
  if (!options.per_sample) return;
  const auto* name = traits_of(options.solver).name;
  require(options.solver == SolverKind::alf || (is_explicit_rk(options.solver) && traits_of(options.solver).error_order > 0),
          "per_sample: solver ", name,
          " makes one step for the whole batch; set per_sample to 0, or solver to alf (0), heun-euler (4), bosh3 (5), ",
          "dopri5 (7), tsit5 (8) or dopri8 (9)");
  require(options.steps.step_size == 0, "per_sample: fixed steps are the same for every sample; set step_size = ", options.steps.step_size,
          " to 0, or per_sample to 0");
  require(options.gradient != GradientKind::adjoint && options.gradient != GradientKind::reversible,
          "per_sample: the gradient methods adjoint (3) and reversible (7) have one step for the whole batch; choose pnode (6), aca (4), ",
          "anode (5), backprop (1), or mali (0) for alf, or set per_sample to 0");
  require(options.reversal == ReversalKind::floating,
          "per_sample: reversal exact (1) undoes steps of the whole batch alone; set reversal to float (0), or per_sample to 0");
  require(options.coupling == 0, "per_sample: coupling ", options.coupling,
          " is for steps of the whole batch; set it to 0, or per_sample to 0");
  require(!options.checkpoint_stages, "per_sample: rounds keep no stages; set checkpoint_stages to 0, or per_sample to 0");
}

void check_dense_output(const SolveOptions& options) {
  if (!options.dense_output) return;
  require(options.solver != SolverKind::reversible_heun,
          "dense_output: reversible-heun (10) has no states inside its steps; set it to 0 to land on t_eval");
  require(!options.per_sample, "dense_output: samples with steps of their own land on t_eval; set it, or per_sample, to 0");
  require(coupling_of(options) == 0, "dense_output: coupled steps (coupling ", coupling_of(options),
          ") have no states inside them; set it to 0 to land on t_eval, or choose another gradient method, such as pnode (6)");
}

}  // namespace

void check(const SolveOptions& options) {
  const auto solver = static_cast<int>(options.solver), gradient = static_cast<int>(options.gradient);
  if (solver < 0 || solver >= solver_count)
    fail(Status::unsupported, "solver: ", solver, " is not supported; this version has 0 (alf) to ", solver_count - 1, " (kencarp3)");
  if (gradient < 0 || gradient > 7)
    fail(Status::unsupported, "gradient: ", gradient,
         " is not supported; this version has mali (0), backprop (1), none (2), adjoint (3), aca (4), anode (5), pnode (6) and reversible "
         "(7)");
  check(options.steps);
  check_eta(options.eta);
  check_solver(options);
  check_gradient(options);
  check_reversal(options);
  check_coupling(options);
  check_newton(options);
  check_samples(options);
  check_dense_output(options);
}

bool undoes_steps(GradientKind gradient) { return gradient == GradientKind::mali || gradient == GradientKind::reversible; }

double coupling_of(const SolveOptions& options) {
  if (options.coupling > 0 || options.gradient != GradientKind::reversible || !is_explicit_rk(options.solver)) return options.coupling;
  return 0.999;
}

}  // namespace neuralode
