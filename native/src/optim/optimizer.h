// libtorch's optimisers by kind.
#pragma once

#include <torch/optim/optimizer.h>

#include <memory>
#include <vector>

namespace neuralode {

enum class OptimizerKind : std::int32_t { sgd = 0, adam = 1, adamw = 2 };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::sgd;
  double lr = 0.1;
  double momentum = 0.9;
  double weight_decay = 0;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};

/// Throws invalid_argument naming the option that is out of range.
void check(const OptimizerOptions& options);
/// Over the leaves among `parameters` that require gradients, each once. Throws as check.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const OptimizerOptions& options, const std::vector<at::Tensor>& parameters);

/// Of one that make_optimizer made.
OptimizerOptions options_of(const torch::optim::Optimizer& optimizer);
/// Replaces all but the kind. Throws as check, having changed nothing.
void set_options(torch::optim::Optimizer& optimizer, const OptimizerOptions& options);
/// "SGD", "Adam" or "AdamW".
const char* name_of(OptimizerKind kind);

/// Sets the learning rate of every parameter group.
void set_learning_rate(torch::optim::Optimizer& optimizer, double lr);

}  // namespace neuralode
