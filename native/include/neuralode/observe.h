/* Watching a solve while it runs: callbacks after steps, which may stop it, and an event that ends it. */
#ifndef NEURALODE_OBSERVE_H
#define NEURALODE_OBSERVE_H

#include "solve.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neuralode_observer_t* neuralode_observer;

/** The change of g's sign that is an event. */
enum neuralode_event_direction {
  NEURALODE_EVENT_FALLING = -1, /**< from above 0 */
  NEURALODE_EVENT_ANY = 0,
  NEURALODE_EVENT_RISING = 1 /**< from below 0 */
};

/** Called after each accepted step. number: 1, 2, ...; t: where it ended; h: its signed length; z: `count` tensors, the state there, borrowed for
 *  the call. *out_stop = 1 stops the solve with NEURALODE_CANCELLED, which neuralode_failure makes an error or a value; it is 0 before the call.
 *  Returns NEURALODE_OK, or another status after neuralode_set_last_error, with which the solve fails. Must not let an exception escape. */
typedef neuralode_status (*neuralode_step_callback)(void* user, int64_t number, double t, double h, const neuralode_tensor* z, int64_t count,
                                                    int32_t* out_stop);
/** g(t, z). t: 0-dim tensor of z's dtype; z: `count` tensors; all borrowed for the call. out_g: an owned handle of a 0-dim floating-point tensor,
 *  computed by operators that libtorch's autograd records. Returns as neuralode_step_callback. */
typedef neuralode_status (*neuralode_event_callback)(void* user, neuralode_tensor t, const neuralode_tensor* z, int64_t count,
                                                     neuralode_tensor* out_g);

/** step, event: one of them may be NULL. direction: neuralode_event_direction; NEURALODE_EVENT_ANY without an event.
 *  release: may be NULL; called once when the observer is gone. On failure it is not called. */
NEURALODE_API neuralode_status neuralode_observer_create(neuralode_step_callback step, neuralode_event_callback event, int32_t direction,
                                                         neuralode_release_callback release, void* user, neuralode_observer* out_observer);
NEURALODE_API neuralode_status neuralode_observer_destroy(neuralode_observer observer);

/** As neuralode_solve, watched.
 *  The solve ends at t1 or where g first changes sign in the direction asked for. Its sign is looked at where steps end, so that two changes in one
 *  step are missed; 0 at t0 is no sign. The event's time is found inside the step, whose length is then set so that g at its end is 0 to rounding. The
 *  solution's states are those at the event, or at t_eval, NaN beyond the event; they and the event's time are differentiable with respect to z0, the
 *  dynamics' parameters, t0, t_eval and what g uses besides, t1 having no part in them. A second derivative through an event throws.
 *  options: NULL for the defaults. Not for events: NEURALODE_SOLVER_REVERSIBLE_HEUN, coupled steps. With per_sample any observer is refused,
 *  one of step callbacks too, so that such a solve cannot be cancelled; a backward is watched by none. */
NEURALODE_API neuralode_status neuralode_solve_observed(neuralode_dynamics dynamics, const neuralode_tensor* z0, int64_t count, neuralode_tensor t0,
                                                        neuralode_tensor t1, neuralode_tensor t_eval, const neuralode_solve_options* options,
                                                        neuralode_observer observer, neuralode_solution* out_solution);
/** out_occurred: 1 if an event ended the solve, else 0. out_time: its time, 0-dim float64, with a graph; NULL if none did. */
NEURALODE_API neuralode_status neuralode_solution_event(neuralode_solution solution, int32_t* out_occurred, neuralode_tensor* out_time);

#ifdef __cplusplus
}
#endif
#endif
