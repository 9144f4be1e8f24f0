/* Image models whose residual blocks of constant width are neural ODEs. */
#ifndef NEURALODE_MODEL_H
#define NEURALODE_MODEL_H

#include "solve.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neuralode_model_t* neuralode_model;

enum neuralode_stem {
  NEURALODE_STEM_AUTO = 0,    /**< ImageNet's for images of 96 px or more, else CIFAR's */
  NEURALODE_STEM_CIFAR = 1,   /**< 3x3 convolution, stride 1 */
  NEURALODE_STEM_IMAGENET = 2 /**< 7x7 convolution, stride 2, and 3x3 max pooling, stride 2 */
};

typedef struct neuralode_model_options {
  uint32_t struct_size;
  int32_t stem;       /**< neuralode_stem; for resnet18-ode */
  int64_t classes;    /**< 2 or more */
  int64_t image_size; /**< height and width in pixels */
  uint64_t seed;      /**< of the initial weights */
} neuralode_model_options;

NEURALODE_API neuralode_status neuralode_model_options_init(uint32_t struct_size, neuralode_model_options* out_options);

/** name: "odenet-small" or "resnet18-ode". solve: how its blocks are integrated over [0, 1]. */
NEURALODE_API neuralode_status neuralode_model_create(const char* name, const neuralode_model_options* options,
                                                      const neuralode_solve_options* solve, neuralode_model* out_model);
NEURALODE_API neuralode_status neuralode_model_destroy(neuralode_model model);
/** images: (batch, 3, height, width) float32, on the model's device. out_logits: (batch, classes), of autocast's dtype where that is on;
 *  the states of its ODE blocks are float32 all the same. */
NEURALODE_API neuralode_status neuralode_model_forward(neuralode_model model, neuralode_tensor images, neuralode_tensor* out_logits);
/** Moves parameters, their gradients and buffers to "cpu" or "cuda:0" (one that cannot be used is NEURALODE_UNSUPPORTED), and lays the
 *  weights of convolutions out channels_last (1) or row-major (0): as images should be, which are not converted. Parameters stay the same
 *  tensors; an optimiser's state does not follow, so move a model before its first step. Each block's drift_rate stays on the CPU,
 *  where steps are planned. */
NEURALODE_API neuralode_status neuralode_model_to(neuralode_model model, const char* device, int32_t channels_last);
NEURALODE_API neuralode_status neuralode_model_set_training(neuralode_model model, int32_t training);
/** Replaces how the blocks are integrated; for evaluating with another solver than was trained with. */
NEURALODE_API neuralode_status neuralode_model_set_solve(neuralode_model model, const neuralode_solve_options* solve);
/** Parameters by name, sharing memory with the model. */
NEURALODE_API neuralode_status neuralode_model_parameters(neuralode_model model, neuralode_tensor_map* out_map);
/** Buffers (running statistics) by name, sharing memory with the model. */
NEURALODE_API neuralode_status neuralode_model_buffers(neuralode_model model, neuralode_tensor_map* out_map);
/** Sum over the blocks since creation or the last reset: everything counted; worst reconstruction_error. */
NEURALODE_API neuralode_status neuralode_model_statistics(neuralode_model model, int32_t reset, uint32_t struct_size,
                                                          neuralode_statistics* out_statistics);

#ifdef __cplusplus
}
#endif
#endif
