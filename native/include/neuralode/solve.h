/* Solving dz/dt = f(t, z), differentiably. */
#ifndef NEURALODE_SOLVE_H
#define NEURALODE_SOLVE_H

#include "dynamics.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neuralode_solution_t* neuralode_solution;

/** How a step is made. 1 to 9 are explicit Runge-Kutta methods, 11 on implicit ones; those marked adaptive have an error estimate, the
 * others need a step_size. */
enum neuralode_solver {
  NEURALODE_SOLVER_ALF = 0,              /**< asynchronous leapfrog: order 2 (1 when damped), reversible (adaptive). Zhuang et al. 2021. */
  NEURALODE_SOLVER_EULER = 1,            /**< order 1, 1 stage */
  NEURALODE_SOLVER_MIDPOINT = 2,         /**< explicit midpoint rule: order 2, 2 stages */
  NEURALODE_SOLVER_HEUN = 3,             /**< explicit trapezoidal rule: order 2, 2 stages */
  NEURALODE_SOLVER_HEUN_EULER = 4,       /**< order 2(1), 2 stages (adaptive) */
  NEURALODE_SOLVER_BOSH3 = 5,            /**< order 3(2), 4 stages, FSAL (adaptive). Bogacki & Shampine 1989. */
  NEURALODE_SOLVER_RK4 = 6,              /**< order 4, 4 stages. Kutta 1901. */
  NEURALODE_SOLVER_DOPRI5 = 7,           /**< order 5(4), 7 stages, FSAL (adaptive). Dormand & Prince 1980. */
  NEURALODE_SOLVER_TSIT5 = 8,            /**< order 5(4), 7 stages, FSAL (adaptive). Tsitouras 2011. */
  NEURALODE_SOLVER_DOPRI8 = 9,           /**< order 8(7), 13 stages (adaptive). Prince & Dormand 1981. */
  NEURALODE_SOLVER_REVERSIBLE_HEUN = 10, /**< order 2(1), one evaluation a step, reversible (adaptive). Kidger et al. 2021. */
  NEURALODE_SOLVER_BACKWARD_EULER = 11,  /**< implicit: order 1, L-stable */
  NEURALODE_SOLVER_CRANK_NICOLSON = 12,  /**< implicit trapezoidal rule: order 2, A-stable. Crank & Nicolson 1947. */
  NEURALODE_SOLVER_TRBDF2 = 13,          /**< implicit: order 2(3), 3 stages, L-stable (adaptive). Hosea & Shampine 1996. */
  /** order 3(2), 4 stages, L-stable (adaptive): implicit on all of f or, with neuralode_dynamics_create_split, on its implicit part alone
   * (IMEX). ARK3(2)4L[2]SA of Kennedy & Carpenter 2003. */
  NEURALODE_SOLVER_KENCARP3 = 14
};

/** How gradients are had. */
enum neuralode_gradient {
  /** Reverse sweep by the inverse of the solver's step: memory does not grow with steps. Zhuang et al. 2021. */
  NEURALODE_GRADIENT_MALI = 0,
  /** The whole graph is kept. */
  NEURALODE_GRADIENT_BACKPROP = 1,
  /** No gradient; nothing is kept. */
  NEURALODE_GRADIENT_NONE = 2,
  /** The adjoint ODE is solved backward from z(t1): constant memory, gradients of the continuous problem; a failure of that solve is an
   * error of the call, whatever neuralode_failure says. Chen et al. 2018. */
  NEURALODE_GRADIENT_ADJOINT = 3,
  /** Every accepted state is kept and each step differentiated from it. Zhuang et al. 2020. */
  NEURALODE_GRADIENT_ACA = 4,
  /** z0 is kept; the steps are made again, their states kept, and differentiated. Gholami et al. 2019. */
  NEURALODE_GRADIENT_ANODE = 5,
  /** As ACA with at most `checkpoints` states at once; the others are made again in the order that costs fewest steps. Zhang & Zhao 2022.
   */
  NEURALODE_GRADIENT_PNODE = 6,
  /** As MALI, for reversible_heun and for every explicit Runge-Kutta method, whose steps are coupled to be reversible (see `coupling`).
   *  Kidger et al. 2021; McCallum & Foster 2024. */
  NEURALODE_GRADIENT_REVERSIBLE = 7
};

/** What decides the length of the next adaptive step from the errors of the last ones. */
enum neuralode_controller { NEURALODE_CONTROLLER_PI = 0, NEURALODE_CONTROLLER_I = 1, NEURALODE_CONTROLLER_PID = 2 };

/** The arithmetic in which ALF's state is stepped and undone. docs/reversibility.md. */
enum neuralode_reversal {
  /** Floating point: undone up to rounding, which the inverse expands. */
  NEURALODE_REVERSAL_FLOAT = 0,
  /** Fixed point on int64: undone to the bit, for eta 1. Levesque & Verlet 1993. */
  NEURALODE_REVERSAL_EXACT = 1
};

/** Which states of the forward sweep are kept for the reverse sweep of MALI and REVERSIBLE, where they replace the reconstructed ones. */
enum neuralode_snapshots {
  /** As many as keep the drift within drift_tolerance: planned from |1 - 2 eta|^-steps and from what earlier reverse sweeps of
   *  the same dynamics measured; a stretch that drifts beyond it all the same is made again from its start, with more of them. */
  NEURALODE_SNAPSHOTS_AUTOMATIC = 0,
  /** None: memory does not depend on the number of steps. */
  NEURALODE_SNAPSHOTS_NONE = 1,
  /** One every snapshot_interval steps. */
  NEURALODE_SNAPSHOTS_EVERY = 2
};

/** Whether sweeps of fixed steps on a GPU are recorded as CUDA graphs: what they queue, kept once and replayed by one launch in later solves of
 *  the same dynamics with the same options, times, shapes and parameters (which may have been changed in place). MALI with float
 *  reversal, and solves without gradients by ALF and the explicit Runge-Kutta methods; f a module, TorchScript or an MLP, without random
 *  draws. neuralode_solution_graphs tells. docs/cuda.md. */
enum neuralode_graphs {
  NEURALODE_GRAPHS_AUTOMATIC = 0, /**< where they can be */
  NEURALODE_GRAPHS_OFF = 1,       /**< never; the default, until graphs have been shown on a GPU */
  NEURALODE_GRAPHS_REQUIRED = 2   /**< or the solve fails with NEURALODE_UNSUPPORTED, whose text says why */
};

/** What a solve that cannot go on, and a reverse sweep that drifts too far, do. */
enum neuralode_failure {
  /** The call (neuralode_solve, neuralode_tensor_backward, neuralode_grad) fails. */
  NEURALODE_FAILURE_ERROR = 0,
  /** The call succeeds; neuralode_solution_status tells. A failed solve holds the last good state, without a graph;
   *  fixed steps that max_steps does not suffice for fail before the first of them. */
  NEURALODE_FAILURE_VALUE = 1
};

typedef struct neuralode_solve_options {
  uint32_t struct_size;
  int32_t solver;           /**< neuralode_solver */
  int32_t gradient;         /**< neuralode_gradient; to be set with solver: MALI, the default, is for ALF alone, PNODE for any */
  int32_t reversal;         /**< neuralode_reversal */
  double step_size;         /**< > 0: fixed steps of this length, the last before each landing time shortened; 0: adaptive */
  double rtol;              /**< adaptive: relative tolerance, > 0 */
  double atol;              /**< adaptive: absolute tolerance, > 0 */
  double initial_step_size; /**< adaptive: first step, or 0 to choose it from z and f */
  double eta;               /**< damping of ALF in (0, 1], not 0.5 */
  int64_t max_steps;        /**< trials, accepted and rejected, before NEURALODE_STEP_LIMIT */
  int32_t snapshots;        /**< neuralode_snapshots */
  int32_t failure; /**< neuralode_failure; of NEURALODE_STEP_SIZE_UNDERFLOW, STEP_LIMIT, NON_FINITE, LATTICE_OVERFLOW, DRIFT, NO_CONVERGENCE
                      and CANCELLED */
  int64_t snapshot_interval; /**< with NEURALODE_SNAPSHOTS_EVERY: steps from one to the next, >= 1; else 0 */
  double drift_tolerance;    /**< largest reconstruction_error that is no NEURALODE_DRIFT, > 0; 0: square root of the dtype's epsilon,
                                  under autocast at least the epsilon of its dtype */
  int64_t checkpoints;       /**< with NEURALODE_GRADIENT_PNODE: most states kept at once besides z0, >= 1; 0: every state */
  int32_t controller;        /**< neuralode_controller */
  int32_t adjoint_seminorm;  /**< with NEURALODE_GRADIENT_ADJOINT: 1 leaves the parameters' cotangents out of the error norm of adaptive
                                steps; else 0 */
  /** Couples the steps Psi of an explicit Runge-Kutta method to y' = c y + (1 - c) z + Psi_h(z), z' = z - Psi_-h(y'), which has an inverse,
   * at twice the evaluations; c in (0, 1]. 0: 0.999 with NEURALODE_GRADIENT_REVERSIBLE, else no coupling. McCallum & Foster 2024. */
  double coupling;
  /** Implicit solvers: an iteration has converged when the root mean square of its update over (atol + rtol |z|), or (1 + |z|) for fixed
   * steps, is below. 0: 1e-3 for adaptive steps, else epsilon^(2/3) of the dtype. */
  double newton_tolerance;
  /** Implicit solvers: most elements of the state for which the Jacobian is formed and factorised; above, its products and GMRES are used.
   * 0: 64. */
  int64_t dense_jacobian_limit;
  int32_t max_newton_iterations; /**< implicit solvers: before a step has failed and is shortened, or NEURALODE_NO_CONVERGENCE. 0: 10, of
                                    fixed steps 50 */
  int32_t krylov_dimension;      /**< implicit solvers: GMRES restarts after as many products. 0: 30 */
  int32_t dense_output;          /**< 1: steps do not land on t_eval, whose states are interpolated; 0: they do */
  /** 1: each sample (entry of the first dimension of every state tensor) has adaptive steps of its own, and f gets t as (batch, 1, ..., 1)
   * with as many dimensions as the first state tensor; else 0. In rounds: every sample that has not arrived tries a step, at one evaluation
   * of f a stage for the whole batch. For ALF and the explicit Runge-Kutta methods with an error estimate. max_steps counts the trials of
   * each sample. */
  int32_t per_sample;
  int32_t checkpoint_stages; /**< with NEURALODE_GRADIENT_PNODE: 1 keeps the stages of a step with its state, so that they are not solved
                                for again; else 0 */
  int32_t graphs;            /**< neuralode_graphs */
} neuralode_solve_options;

/** Defaults: ALF, MALI, adaptive, rtol 1e-3, atol 1e-6, eta 1, max_steps 1e6, float reversal, automatic snapshots, failures are errors,
 *  graphs off.
 *  gradient does not follow solver: set both. */
NEURALODE_API neuralode_status neuralode_solve_options_init(uint32_t struct_size, neuralode_solve_options* out_options);

/** With per_sample, steps_accepted and steps_rejected are totals over the samples; evaluations are of the whole batch, so that nfe_forward
 * and nfe_backward compare with those of joint steps; snapshots and steps_replayed count rounds. */
typedef struct neuralode_statistics {
  int64_t steps_accepted;
  int64_t steps_rejected;
  int64_t nfe_forward;  /**< evaluations of f in the forward sweep */
  int64_t nfe_backward; /**< linearised evaluations (one evaluation and one pullback) in the last reverse sweep */
  int64_t snapshots;    /**< states kept at once besides z0 and the end state; those that the last reverse sweep added included */
  /** Drift of the last reverse sweep of MALI or REVERSIBLE: the largest relative distance of a reconstructed (z, v) from the known one,
   * over z0, v0, every snapshot and every tensor of the state: max |dz| / max(max |z|, T max |v|) and max |dv| / max(max |v|, max |z| / T),
   * T = |t1 - t0|. REVERSIBLE: v is f, and what z is coupled with is compared as z is. NaN where none ran or nothing was known. */
  double reconstruction_error;
  int64_t snapshot_bytes;             /**< of the snapshots */
  int64_t steps_replayed;             /**< steps that the last reverse sweep made again, because they had drifted or were not kept */
  int64_t newton_iterations;          /**< of implicit steps in the forward sweep */
  int64_t newton_failures;            /**< steps that were shortened because their equations could not be solved */
  int64_t jacobian_products;          /**< J v or J^T v, df/dz = J, that the forward sweep's equations took besides nfe_forward */
  int64_t jacobian_products_backward; /**< the same of the last reverse sweep besides nfe_backward; products J^T v */
} neuralode_statistics;

/** Solves from t0 to t1 (t1 < t0 integrates backward in time).
 *  z0: `count` float tensors of one dtype and device. t0, t1: 0-dim tensors, on the CPU; float64 keeps their value exactly.
 *  t_eval: NULL, or (times,) between t0 and t1, monotone from t0 towards t1, on the CPU. options: NULL for the defaults.
 *  With NEURALODE_FAILURE_VALUE, states at times that a failed solve did not reach are NaN.
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
NEURALODE_API neuralode_status neuralode_solution_statistics(neuralode_solution solution, uint32_t struct_size,
                                                             neuralode_statistics* out_statistics);
/** Of CUDA graphs: "replayed", "recorded" (in this solve, and replayed), or why there was none; "" for the reverse sweep before a backward.
 *  Borrowed until the next call with this solution. */
NEURALODE_API neuralode_status neuralode_solution_graphs(neuralode_solution solution, const char** out_forward, const char** out_backward);
/** How it went: out_status NEURALODE_OK or, with NEURALODE_FAILURE_VALUE, what failed, NEURALODE_DRIFT once a backward has drifted too
 *  far; out_text what happened and what to do, "" when there is nothing to say, borrowed until the next call with this solution;
 *  out_reached the time of the states: t1 unless the solve failed or an event ended it; with per_sample the time that every sample has
 * reached. */
NEURALODE_API neuralode_status neuralode_solution_status(neuralode_solution solution, neuralode_status* out_status, const char** out_text,
                                                         double* out_reached);
/** The recorded grid: times (steps_accepted + 1,), float64. With per_sample (rounds + 1, batch): where each sample stood before each round
 * in which one of them made a step, and at the end; the time of a sample that waited, or whose trial was rejected, is there again. */
NEURALODE_API neuralode_status neuralode_solution_times(neuralode_solution solution, neuralode_tensor* out_times);

#ifdef __cplusplus
}
#endif
#endif
