// Solving dz/dt = f(t, z) differentiably: what the C ABI, the models and the autograd operator call.
#pragma once

#include <limits>
#include <memory>

#include "core/error.h"
#include "dynamics/dynamics.h"
#include "solvers/drive.h"
#include "solvers/newton.h"
#include "solvers/solver_kind.h"

namespace neuralode {

enum class GradientKind : std::int32_t { mali, backprop, none, adjoint, aca, anode, pnode, reversible };

enum class ReversalKind : std::int32_t { floating = 0, exact = 1 };
enum class SnapshotKind : std::int32_t { automatic = 0, none = 1, every = 2 };
/// Whether fixed-step sweeps on a GPU are recorded as CUDA graphs and replayed: where they can be, never, or else the solve fails.
enum class GraphKind : std::int32_t { automatic = 0, off = 1, required = 2 };
enum class FailureKind : std::int32_t { error = 0, value = 1 };

struct SolveOptions {
  SolverKind solver = SolverKind::alf;
  GradientKind gradient = GradientKind::mali;
  ReversalKind reversal = ReversalKind::floating;
  SnapshotKind snapshots = SnapshotKind::automatic;
  FailureKind failure = FailureKind::error;
  GraphKind graphs = GraphKind::off;  ///< until graphs have been shown on a GPU
  StepSizeOptions steps;
  double eta = 1;
  std::int64_t snapshot_interval = 0;  ///< with SnapshotKind::every: >= 1
  double drift_tolerance = 0;          ///< > 0; 0: see drift_tolerance_of
  std::int64_t checkpoints = 0;        ///< pnode: most states kept at once besides z0; 0: all
  bool adjoint_seminorm = false;
  double coupling = 0;  ///< (0, 1], or 0: see coupling_of
  NewtonOptions newton;
  bool dense_output = false;
  bool per_sample = false;
  bool checkpoint_stages = false;
};

/// Whether the reverse sweep undoes steps: mali, reversible.
bool undoes_steps(GradientKind gradient);

/// The coupling that steps of these (valid) options have; 0 for none.
double coupling_of(const SolveOptions& options);

/// Throws invalid_argument or unsupported naming the option, its value and its range.
void check(const SolveOptions& options);

struct Statistics {
  std::int64_t steps_accepted = 0;
  std::int64_t steps_rejected = 0;
  std::int64_t nfe_forward = 0;
  std::int64_t nfe_backward = 0;  ///< linearised evaluations of the last reverse sweep
  std::int64_t snapshots = 0;     ///< states kept at once besides z0 and the end state
  std::int64_t snapshot_bytes = 0;
  std::int64_t steps_replayed = 0;  ///< by the last reverse sweep, because they had drifted or were not kept
  std::int64_t newton_iterations = 0, newton_failures = 0, jacobian_products = 0;  ///< forward; see neuralode_statistics
  std::int64_t jacobian_products_backward = 0;
  /// Drift of the last reverse sweep: see neuralode_statistics. NaN where none ran or nothing was known.
  double reconstruction_error = std::numeric_limits<double>::quiet_NaN();
  /// Of CUDA graphs: "replayed", "recorded" (by this solve, and replayed), or why there was none.
  std::string graph_forward, graph_backward;
};

/// How a solve went, for those who do not want exceptions.
struct Outcome {
  Status status = Status::ok;
  std::string text;   ///< what happened and what to do; "" when there is nothing to say
  double reached = 0; ///< time of the states: t1 unless the solve failed
};

struct Solution {
  TensorList states;  ///< z0's shapes at t1, or (times, *shape) at t_eval
  std::shared_ptr<Statistics> statistics;
  std::shared_ptr<Outcome> outcome;  ///< a reverse sweep may add its drift
  std::shared_ptr<const Grid> grid;
};

/// What every gradient method starts from.
struct Problem {
  std::shared_ptr<Dynamics> dynamics;
  TensorList z0;
  at::Tensor t0, t1, t_eval;  ///< t_eval may be undefined
  SolveOptions options;
};

/// z0: float32, float64 or bfloat16 on the CPU, one dtype. t0, t1: 0-dim; t_eval: undefined or (times,); on the CPU.
/// The states are differentiable with respect to z0, the parameters of the dynamics that require gradients, t0, t1 and t_eval, by
/// the method of options.gradient. Derivatives to times are those of the discrete solution, in which every step keeps its length but the
/// last before each landing time. Throws what f throws; step_limit, step_size_underflow, non_finite.
Solution solve(const Problem& problem);

}  // namespace neuralode
