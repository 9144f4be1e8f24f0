// Solving dz/dt = f(t, z) differentiably: what the C ABI, the models and the autograd operator call.
#pragma once

#include <limits>
#include <memory>

#include "dynamics/dynamics.h"
#include "solvers/drive.h"

namespace neuralode {

enum class SolverKind : std::int32_t { alf = 0 };
enum class GradientKind : std::int32_t { mali = 0, backprop = 1, none = 2 };

struct SolveOptions {
  SolverKind solver = SolverKind::alf;
  GradientKind gradient = GradientKind::mali;
  StepSizeOptions steps;
  double eta = 1;
};

/// Throws invalid_argument or unsupported naming the option, its value and its range.
void check(const SolveOptions& options);

struct Statistics {
  std::int64_t steps_accepted = 0;
  std::int64_t steps_rejected = 0;
  std::int64_t nfe_forward = 0;
  std::int64_t nfe_backward = 0;  ///< linearised evaluations of the last reverse sweep
  std::int64_t snapshots = 0;
  /// max |z0' - z0| / max |z0| of the last reverse sweep, where z0 was still alive then.
  double reconstruction_error = std::numeric_limits<double>::quiet_NaN();
};

struct Solution {
  TensorList states;  ///< z0's shapes at t1, or (times, *shape) at t_eval
  std::shared_ptr<Statistics> statistics;
  std::shared_ptr<const Grid> grid;
  double t1 = 0;
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
