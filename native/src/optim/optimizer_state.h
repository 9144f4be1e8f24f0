// What an optimiser goes on from, as tensors by name.
#pragma once

#include <torch/optim/optimizer.h>

#include <functional>

#include "tensors/safetensors.h"

namespace neuralode {

/// "options": (8,) float64: kind, lr, momentum, weight_decay, nesterov, beta1, beta2, epsilon. "parameters": 0-dim int64, how many it has.
/// Of parameter i, where it was stepped: "i.momentum_buffer" (SGD), or "i.step" (0-dim int64), "i.exp_avg" and "i.exp_avg_sq" (Adam,
/// AdamW).
NamedTensors state_of(const torch::optim::Optimizer& optimizer);

/// What makes `state` the optimiser's own; nothing is changed before it is called, and it does not fail. Throws invalid_argument naming the
/// first thing that does not fit.
std::function<void()> restoration_of(const NamedTensors& state, torch::optim::Optimizer& optimizer);

}  // namespace neuralode
