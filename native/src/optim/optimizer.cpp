#include "optim/optimizer.h"

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <cmath>
#include <unordered_set>

#include "core/error.h"

namespace neuralode {

void check(const OptimizerOptions& options) {
  const auto share = [](double value) { return value >= 0 && value < 1; };
  require(std::isfinite(options.lr) && options.lr >= 0, "lr: ", options.lr, " is not a learning rate; give 0 or more");
  require(share(options.momentum), "momentum: ", options.momentum, " is outside [0, 1)");
  require(std::isfinite(options.weight_decay) && options.weight_decay >= 0, "weight_decay: ", options.weight_decay, " must be 0 or more");
  require(share(options.beta1), "beta1: ", options.beta1, " is outside [0, 1)");
  require(share(options.beta2), "beta2: ", options.beta2, " is outside [0, 1)");
  require(std::isfinite(options.epsilon) && options.epsilon > 0, "epsilon: ", options.epsilon, " must be above 0");
  require(!options.nesterov || options.momentum > 0, "nesterov: needs momentum above 0, got ", options.momentum);
}

namespace {

std::vector<at::Tensor> trainable(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> result;
  std::unordered_set<const c10::TensorImpl*> seen;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& parameter = parameters[i];
    if (!parameter.requires_grad() || !seen.insert(parameter.unsafeGetTensorImpl()).second) continue;
    require(parameter.is_leaf(), "parameters[", i, "]: is the result of an operation; only leaves can be optimised");
    result.push_back(parameter);
  }
  require(!result.empty(), "parameters: none of the ", parameters.size(), " given requires a gradient; there is nothing to optimise");
  return result;
}

template <class AdamOptions>
OptimizerOptions options_of_adam(OptimizerKind kind, const AdamOptions& options) {
  OptimizerOptions result;
  result.kind = kind;
  result.lr = options.lr();
  result.weight_decay = options.weight_decay();
  std::tie(result.beta1, result.beta2) = options.betas();
  result.epsilon = options.eps();
  return result;
}

template <class AdamOptions>
void set_adam_options(torch::optim::OptimizerOptions& target, const OptimizerOptions& options) {
  static_cast<AdamOptions&>(target)
      .lr(options.lr)
      .betas(std::make_tuple(options.beta1, options.beta2))
      .eps(options.epsilon)
      .weight_decay(options.weight_decay);
}

}  // namespace

OptimizerOptions options_of(const torch::optim::Optimizer& optimizer) {
  const auto& given = optimizer.param_groups().front().options();
  if (const auto* adam = dynamic_cast<const torch::optim::AdamOptions*>(&given)) return options_of_adam(OptimizerKind::adam, *adam);
  if (const auto* adamw = dynamic_cast<const torch::optim::AdamWOptions*>(&given)) return options_of_adam(OptimizerKind::adamw, *adamw);
  const auto& sgd = dynamic_cast<const torch::optim::SGDOptions&>(given);
  OptimizerOptions result;
  result.lr = sgd.lr();
  result.momentum = sgd.momentum();
  result.weight_decay = sgd.weight_decay();
  result.nesterov = sgd.nesterov();
  return result;
}

void set_options(torch::optim::Optimizer& optimizer, const OptimizerOptions& options) {
  check(options);
  auto& target = optimizer.param_groups().front().options();
  switch (options_of(optimizer).kind) {
    case OptimizerKind::sgd:
      static_cast<torch::optim::SGDOptions&>(target)
          .lr(options.lr)
          .momentum(options.momentum)
          .weight_decay(options.weight_decay)
          .nesterov(options.nesterov);
      return;
    case OptimizerKind::adam:
      return set_adam_options<torch::optim::AdamOptions>(target, options);
    case OptimizerKind::adamw:
      return set_adam_options<torch::optim::AdamWOptions>(target, options);
  }
}

const char* name_of(OptimizerKind kind) { return kind == OptimizerKind::sgd ? "SGD" : kind == OptimizerKind::adam ? "Adam" : "AdamW"; }

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const OptimizerOptions& options, const std::vector<at::Tensor>& parameters) {
  check(options);
  const auto leaves = trainable(parameters);
  const auto betas = std::make_tuple(options.beta1, options.beta2);
  switch (options.kind) {
    case OptimizerKind::sgd:
      return std::make_unique<torch::optim::SGD>(
          leaves,
          torch::optim::SGDOptions(options.lr).momentum(options.momentum).weight_decay(options.weight_decay).nesterov(options.nesterov));
    case OptimizerKind::adam:
      return std::make_unique<torch::optim::Adam>(
          leaves, torch::optim::AdamOptions(options.lr).betas(betas).eps(options.epsilon).weight_decay(options.weight_decay));
    case OptimizerKind::adamw:
      return std::make_unique<torch::optim::AdamW>(
          leaves, torch::optim::AdamWOptions(options.lr).betas(betas).eps(options.epsilon).weight_decay(options.weight_decay));
  }
  fail(Status::invalid_argument, "kind: ", static_cast<int>(options.kind), " is none of SGD (0), Adam (1), AdamW (2)");
}

void set_learning_rate(torch::optim::Optimizer& optimizer, double lr) {
  require(std::isfinite(lr) && lr >= 0, "lr: ", lr, " is not a learning rate; give 0 or more");
  for (auto& group : optimizer.param_groups()) group.options().set_lr(lr);
}

}  // namespace neuralode
