/* Optimisers (libtorch's), gradient scaling, learning-rate schedules and checkpoints. */
#ifndef NEURALODE_OPTIM_H
#define NEURALODE_OPTIM_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neuralode_optimizer_t* neuralode_optimizer;
typedef struct neuralode_grad_scaler_t* neuralode_grad_scaler;
typedef struct neuralode_checkpoint_t* neuralode_checkpoint;

enum neuralode_optimizer_kind { NEURALODE_SGD = 0, NEURALODE_ADAM = 1, NEURALODE_ADAMW = 2 };

typedef struct neuralode_optimizer_options {
  uint32_t struct_size;
  int32_t kind;        /**< neuralode_optimizer_kind */
  double lr;           /**< learning rate, >= 0 */
  double momentum;     /**< SGD, in [0, 1) */
  double weight_decay; /**< >= 0 */
  int32_t nesterov;    /**< SGD with momentum */
  int32_t reserved;    /**< 0 */
  double beta1;        /**< Adam, AdamW, in [0, 1) */
  double beta2;        /**< Adam, AdamW, in [0, 1) */
  double epsilon;      /**< Adam, AdamW, > 0 */
} neuralode_optimizer_options;

/** Defaults: SGD, lr 0.1, momentum 0.9, weight_decay 0, beta 0.9 and 0.999, epsilon 1e-8. */
NEURALODE_API neuralode_status neuralode_optimizer_options_init(uint32_t struct_size, neuralode_optimizer_options* out_options);
/** parameters: leaves; those that do not require gradients are skipped; shared ones count once. */
NEURALODE_API neuralode_status neuralode_optimizer_create(const neuralode_optimizer_options* options, const neuralode_tensor* parameters,
                                                          int64_t count, neuralode_optimizer* out_optimizer);
NEURALODE_API neuralode_status neuralode_optimizer_destroy(neuralode_optimizer optimizer);
NEURALODE_API neuralode_status neuralode_optimizer_step(neuralode_optimizer optimizer);
/** Drops every gradient. */
NEURALODE_API neuralode_status neuralode_optimizer_zero_grad(neuralode_optimizer optimizer);
NEURALODE_API neuralode_status neuralode_optimizer_set_lr(neuralode_optimizer optimizer, double lr);

typedef struct neuralode_grad_scaler_options {
  uint32_t struct_size;
  int32_t reserved;        /**< 0 */
  double initial_scale;    /**< > 0, in float32's range */
  double growth_factor;    /**< > 1 */
  double backoff_factor;   /**< in (0, 1) */
  int64_t growth_interval; /**< iterations in a row without a gradient that is not finite before the scale grows, 1 or more */
} neuralode_grad_scaler_options;

/** Defaults: torch.cuda.amp.GradScaler's: 65536, 2, 0.5, 2000. */
NEURALODE_API neuralode_status neuralode_grad_scaler_options_init(uint32_t struct_size, neuralode_grad_scaler_options* out_options);
/** Keeps gradients in float16's range. An iteration: backward of the scaled loss; unscale, where gradients are looked at or clipped; step;
 *  update. With several optimisers each is unscaled and stepped, then update is called once. Works on any device; float16 needs it. */
NEURALODE_API neuralode_status neuralode_grad_scaler_create(const neuralode_grad_scaler_options* options,
                                                            neuralode_grad_scaler* out_scaler);
NEURALODE_API neuralode_status neuralode_grad_scaler_destroy(neuralode_grad_scaler scaler);
/** tensor: floating point, a loss. out_scaled: tensor times the scale, recorded by autograd. */
NEURALODE_API neuralode_status neuralode_grad_scaler_scale(neuralode_grad_scaler scaler, neuralode_tensor tensor,
                                                           neuralode_tensor* out_scaled);
/** Divides the gradients of the optimiser's parameters by the scale, in place; once an iteration. Float16 gradients are refused: parameters
 *  are float32. */
NEURALODE_API neuralode_status neuralode_grad_scaler_unscale(neuralode_grad_scaler scaler, neuralode_optimizer optimizer);
/** Unscales where that was not done, and steps the optimiser unless a gradient is infinite or NaN. out_stepped (may be NULL): 1 if it did.
 *  Waits for the gradients' device once, the only time in an iteration. */
NEURALODE_API neuralode_status neuralode_grad_scaler_step(neuralode_grad_scaler scaler, neuralode_optimizer optimizer,
                                                          int32_t* out_stepped);
/** Ends an iteration: the scale shrinks by backoff_factor if a gradient was not finite, and grows by growth_factor after growth_interval
 *  iterations in a row in which all were. */
NEURALODE_API neuralode_status neuralode_grad_scaler_update(neuralode_grad_scaler scaler);
/** The scale, and the iterations in a row that counted towards its growth (may be NULL). */
NEURALODE_API neuralode_status neuralode_grad_scaler_get(neuralode_grad_scaler scaler, double* out_scale, int64_t* out_growth_tracker);

enum neuralode_schedule_kind {
  NEURALODE_SCHEDULE_CONSTANT = 0,
  NEURALODE_SCHEDULE_STEP = 1,     /**< lr * gamma^floor(step / period) */
  NEURALODE_SCHEDULE_COSINE = 2,   /**< from lr to final_factor * lr along half a cosine. Loshchilov & Hutter 2017, eq. 5 */
  NEURALODE_SCHEDULE_ONE_CYCLE = 3 /**< lr / initial_divisor up to lr over warmup, then down to final_factor * lr, by cosines.
                                        Smith & Topin 2018 */
};

typedef struct neuralode_schedule_options {
  uint32_t struct_size;
  int32_t kind;           /**< neuralode_schedule_kind */
  double lr;              /**< the highest rate */
  int64_t total_steps;    /**< cosine, one-cycle: > 0; later steps keep the last rate */
  int64_t period;         /**< step: > 0 */
  double gamma;           /**< step: factor at each period */
  double warmup;          /**< one-cycle: share of total_steps that rises, in (0, 1) */
  double initial_divisor; /**< one-cycle: >= 1 */
  double final_factor;    /**< cosine, one-cycle: in [0, 1] */
} neuralode_schedule_options;

/** Defaults: constant, lr 0.1, gamma 0.1, warmup 0.25, initial_divisor 25, final_factor 0. */
NEURALODE_API neuralode_status neuralode_schedule_options_init(uint32_t struct_size, neuralode_schedule_options* out_options);
/** The learning rate at `step` (0 is the first). A pure function: a schedule has no state to save. */
NEURALODE_API neuralode_status neuralode_schedule_rate(const neuralode_schedule_options* options, int64_t step, double* out_lr);

/** Writes a checkpoint atomically (temporary file, fsync, rename): the model's parameters and buffers, the optimiser's
 *  state, the scaler's (NULL: there is none), libtorch's CPU generator, and `metadata` (any UTF-8 text; the trainer's position).
 *  A failure leaves the old file whole. */
NEURALODE_API neuralode_status neuralode_checkpoint_save(const char* path, neuralode_model model, neuralode_optimizer optimizer,
                                                         neuralode_grad_scaler scaler, const char* metadata);
/** Reads and verifies a whole checkpoint; a truncated or damaged file is NEURALODE_IO_ERROR. */
NEURALODE_API neuralode_status neuralode_checkpoint_open(const char* path, neuralode_checkpoint* out_checkpoint);
NEURALODE_API neuralode_status neuralode_checkpoint_destroy(neuralode_checkpoint checkpoint);
NEURALODE_API neuralode_status neuralode_checkpoint_metadata(neuralode_checkpoint checkpoint, const char** out_metadata);
/** Restores into a model and optimiser (NULL to leave it out, and the generator with it) of the same structure, on whatever devices they
 *  are, and a scaler (NULL to leave it out); on a mismatch, which is a checkpoint without a scaler too, nothing is changed. */
NEURALODE_API neuralode_status neuralode_checkpoint_restore(neuralode_checkpoint checkpoint, neuralode_model model,
                                                            neuralode_optimizer optimizer, neuralode_grad_scaler scaler);

#ifdef __cplusplus
}
#endif
#endif
