/* Dynamics: the right-hand side f(t, z) of dz/dt = f(t, z). z is a list of tensors; one tensor is a list of one. */
#ifndef NEURALODE_DYNAMICS_H
#define NEURALODE_DYNAMICS_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neuralode_dynamics_t* neuralode_dynamics;

/** u = f(t, z). t: 0-dim tensor of z's dtype, or (batch, 1, ..., 1) for steps per sample (neuralode_solve_options); z: `count` tensors; all borrowed for the call
 *  and not to be changed in place.
 *  out_u: `count` slots to fill with owned handles of z's shapes (new ones: never an input pointer).
 *  Returns NEURALODE_OK, or another status after neuralode_set_last_error. Must not let an exception escape. */
typedef neuralode_status (*neuralode_eval_callback)(void* user, neuralode_tensor t, const neuralode_tensor* z, int64_t count,
                                                    neuralode_tensor* out_u);
/** u = f(t, z) and the pullback of a_u in one go. out_a_t: dL/dt (of t's shape) or left NULL; out_a_z: `count` slots;
 *  out_a_parameters: `parameter_count` slots. A slot left NULL is zero. Handles written are owned by the library. */
typedef neuralode_status (*neuralode_vjp_callback)(void* user, neuralode_tensor t, const neuralode_tensor* z,
                                                   const neuralode_tensor* a_u, int64_t count, int64_t parameter_count,
                                                   neuralode_tensor* out_u, neuralode_tensor* out_a_t, neuralode_tensor* out_a_z,
                                                   neuralode_tensor* out_a_parameters);
/** Called once when the dynamics and every graph that uses them are gone; may run on any thread. */
typedef void (*neuralode_release_callback)(void* user);

/** Dynamics from callbacks.
 *  vjp: NULL when eval is written with this library's (or any libtorch) operators: libtorch's autograd then differentiates it.
 *  release: may be NULL. On failure it is not called.
 *  parameters: what gradients are wanted for besides z and t; frozen ones (requires_grad 0) are skipped.
 *  A tensor that requires a gradient and that eval uses without its being listed is an error when the first gradient is taken.
 *  None may be computed from another one that is listed: its gradient would be counted twice.
 *  buffers: state that eval changes (running statistics); restored after each reverse sweep. */
NEURALODE_API neuralode_status neuralode_dynamics_create_callback(neuralode_eval_callback eval, neuralode_vjp_callback vjp,
                                                                  neuralode_release_callback release, void* user,
                                                                  const neuralode_tensor* parameters, int64_t parameter_count,
                                                                  const neuralode_tensor* buffers, int64_t buffer_count,
                                                                  neuralode_dynamics* out_dynamics);
/** Dynamics from a TorchScript file whose forward is (t, z) or (t, z0, z1, ...), on `device` ("cpu", "cuda:0"). */
NEURALODE_API neuralode_status neuralode_dynamics_load_torchscript(const char* path, const char* device, neuralode_dynamics* out_dynamics);
/** f = explicit_part + implicit_part, for solvers that step the first explicitly and the second implicitly (NEURALODE_SOLVER_KENCARP3); to others it
 *  is their sum. Both parts live as long as the result. Names of parameters and buffers get the prefixes "explicit." and "implicit.". */
NEURALODE_API neuralode_status neuralode_dynamics_create_split(neuralode_dynamics explicit_part, neuralode_dynamics implicit_part,
                                                               neuralode_dynamics* out_dynamics);
NEURALODE_API neuralode_status neuralode_dynamics_destroy(neuralode_dynamics dynamics);

/** Approximates x = (I - scale J)^-1 r, or with `transposed` 1 x = (I - scale J^T)^-1 r, J = df/dz(t, z). t: 0-dim; z, r: `count` tensors;
 *  all borrowed for the call. out_x: `count` slots to fill with owned handles of r's shapes. May be called on the thread that runs backward. */
typedef neuralode_status (*neuralode_preconditioner_callback)(void* user, neuralode_tensor t, const neuralode_tensor* z, double scale,
                                                              int32_t transposed, const neuralode_tensor* r, int64_t count,
                                                              neuralode_tensor* out_x);
/** The preconditioner of GMRES in implicit steps of these dynamics (of split ones: of the implicit part). NULL: none. Used where the state has more
 *  elements than dense_jacobian_limit. release: may be NULL, and must be with NULL for a
 *  preconditioner; called once when it is replaced or the dynamics and every graph that uses them are gone. */
NEURALODE_API neuralode_status neuralode_dynamics_set_preconditioner(neuralode_dynamics dynamics, neuralode_preconditioner_callback precondition,
                                                                     neuralode_release_callback release, void* user);

/** Training (1) or evaluation (0) mode of the module inside, if there is one. */
NEURALODE_API neuralode_status neuralode_dynamics_set_training(neuralode_dynamics dynamics, int32_t training);
/** Casts parameters and buffers to a floating dtype. */
NEURALODE_API neuralode_status neuralode_dynamics_to_dtype(neuralode_dynamics dynamics, int32_t dtype);
/** All parameters by name, frozen ones included, sharing memory with the dynamics. */
NEURALODE_API neuralode_status neuralode_dynamics_parameters(neuralode_dynamics dynamics, neuralode_tensor_map* out_map);
NEURALODE_API neuralode_status neuralode_dynamics_buffers(neuralode_dynamics dynamics, neuralode_tensor_map* out_map);
/** u = f(t, z), recorded by autograd if grad mode is on. out_u: `count` slots. */
NEURALODE_API neuralode_status neuralode_dynamics_eval(neuralode_dynamics dynamics, double t, const neuralode_tensor* z, int64_t count,
                                                       neuralode_tensor* out_u);

#ifdef __cplusplus
}
#endif
#endif
