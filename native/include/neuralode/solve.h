/* Solving dz/dt = f(t, z), differentiably. */
#ifndef NEURALODE_SOLVE_H
#define NEURALODE_SOLVE_H

#include "dynamics.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neuralode_solution_t* neuralode_solution;

enum neuralode_solver {
  /** Asynchronous leapfrog: order 2 (1 when damped), reversible. Zhuang et al. 2021. */
  NEURALODE_SOLVER_ALF = 0
};

/** How gradients are had. */
enum neuralode_gradient {
  /** Reverse sweep by the inverse of the solver's step: memory does not grow with steps. Zhuang et al. 2021. */
  NEURALODE_GRADIENT_MALI = 0,
  /** The whole graph is kept. */
  NEURALODE_GRADIENT_BACKPROP = 1,
  /** No gradient; nothing is kept. */
  NEURALODE_GRADIENT_NONE = 2
};

typedef struct neuralode_solve_options {
  uint32_t struct_size;
  int32_t solver;           /**< neuralode_solver */
  int32_t gradient;         /**< neuralode_gradient */
  int32_t reserved;         /**< 0 */
  double step_size;         /**< > 0: fixed steps of this length, the last before each landing time shortened; 0: adaptive */
  double rtol;              /**< adaptive: relative tolerance, > 0 */
  double atol;              /**< adaptive: absolute tolerance, > 0 */
  double initial_step_size; /**< adaptive: first step, or 0 to choose it from z and f */
  double eta;               /**< damping of ALF in (0, 1], not 0.5 */
  int64_t max_steps;        /**< trials, accepted and rejected, before NEURALODE_STEP_LIMIT */
} neuralode_solve_options;

/** Defaults: ALF, MALI, adaptive, rtol 1e-3, atol 1e-6, eta 1, max_steps 1e6. */
NEURALODE_API neuralode_status neuralode_solve_options_init(neuralode_solve_options* out_options);

typedef struct neuralode_statistics {
  int64_t steps_accepted;
  int64_t steps_rejected;
  int64_t nfe_forward;         /**< evaluations of f in the forward sweep */
  int64_t nfe_backward;        /**< linearised evaluations (one evaluation and one pullback) in the last reverse sweep */
  int64_t snapshots;           /**< states kept between the sweeps besides the end state */
  double reconstruction_error; /**< max |z0' - z0| / max |z0| of the last reverse sweep; NaN where none ran or z0 is gone */
} neuralode_statistics;

/** Solves from t0 to t1 (t1 < t0 integrates backward in time).
 *  z0: `count` float tensors of one dtype and device. t0, t1: 0-dim tensors, on the CPU; float64 keeps their value exactly.
 *  t_eval: NULL, or (times,) between t0 and t1, monotone from t0 towards t1, on the CPU.
 *  The solution's states are differentiable with respect to z0, the dynamics' parameters, t0, t1 and t_eval.
 *  Derivatives to times are those of the discrete solution: every step but the last before a landing time keeps its
 *  length, so that only that one stretches. */
NEURALODE_API neuralode_status neuralode_solve(neuralode_dynamics dynamics, const neuralode_tensor* z0, int64_t count, neuralode_tensor t0,
                                               neuralode_tensor t1, neuralode_tensor t_eval, const neuralode_solve_options* options,
                                               neuralode_solution* out_solution);
NEURALODE_API neuralode_status neuralode_solution_destroy(neuralode_solution solution);
/** State `index`: z0's shape at t1, or (times, *shape) at t_eval. */
NEURALODE_API neuralode_status neuralode_solution_state(neuralode_solution solution, int64_t index, neuralode_tensor* out_state);
/** The forward figures, and the backward ones once a backward has run. */
NEURALODE_API neuralode_status neuralode_solution_statistics(neuralode_solution solution, neuralode_statistics* out_statistics);
/** The recorded grid: times (steps_accepted + 1,), float64. */
NEURALODE_API neuralode_status neuralode_solution_times(neuralode_solution solution, neuralode_tensor* out_times);

#ifdef __cplusplus
}
#endif
#endif
