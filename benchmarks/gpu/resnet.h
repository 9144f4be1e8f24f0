// resnet18-ode as the library has it, and with its ODE blocks replaced by the evaluations of f that they make and nothing else.
#pragma once

#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/modules/linear.h>

#include "measure.h"
#include "models/image_model.h"
#include "models/residual.h"

namespace neuralode::benchmarks {

/// A block of `evaluations` evaluations of f at x and, backward, as many linearised ones; its value and gradients are those of one.
struct BareBlock {
  ResidualBranch f = nullptr;
  int evaluations = 0;
};

class BareEvaluations final : public torch::autograd::Function<BareEvaluations> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, BareBlock* block) {
    context->save_for_backward({x});
    context->saved_data["block"] = reinterpret_cast<std::int64_t>(block);
    const auto autocast = AutocastState::current(x.device().type());
    context->saved_data["autocast"] = autocast.enabled;
    at::Tensor u;
    for (int i = 0; i < block->evaluations; ++i) u = block->f->forward(x);
    return u.to(x.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list cotangents) {
    auto* block = reinterpret_cast<BareBlock*>(context->saved_data["block"].toInt());
    const auto x = context->get_saved_variables()[0];
    const bool autocast = context->saved_data["autocast"].toBool();
    const AutocastScope scope({x.device().type(), autocast, at::kBFloat16});
    const torch::AutoGradMode recording(true);
    const auto parameters = block->f->parameters();
    torch::autograd::variable_list gradients;
    for (int i = 0; i < block->evaluations; ++i) {
      const auto leaf = x.detach().requires_grad_(true);
      std::vector<at::Tensor> inputs{leaf};
      inputs.insert(inputs.end(), parameters.begin(), parameters.end());
      gradients = torch::autograd::grad({block->f->forward(leaf).to(leaf.scalar_type())}, inputs, {cotangents[0]});
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      auto& sum = parameters[i].mutable_grad();
      sum = sum.defined() ? sum + gradients[i + 1] : gradients[i + 1];
    }
    return {gradients[0], at::Tensor()};
  }
};

/// The layers of models/resnet18_ode.h with the ImageNet stem; states of blocks are float32, under autocast too.
class BareResNet final : public torch::nn::Module {
 public:
  BareResNet(std::int64_t classes, int evaluations) {
    for (const char* name : {"stage1_ode1", "stage1_ode2"}) add_block(name, 64, evaluations);
    for (std::int64_t width = 64; width < 512; width *= 2) {
      const auto stage = std::to_string(width);
      downs_.push_back(register_module("down" + stage, DownsampleBlock(width, 2 * width, 2)));
      add_block("ode" + stage, 2 * width, evaluations);
    }
    head_ = register_module("head", torch::nn::Linear(512, classes));
    initialize(*this);
  }

  at::Tensor forward(const at::Tensor& images) {
    auto x = at::max_pool2d(bn_(stem_(images)).relu_(), 3, 2, 1);
    for (std::size_t i = 0; i < 2; ++i) x = BareEvaluations::apply(x.to(at::kFloat), &blocks_[i]).relu();
    for (std::size_t i = 0; i < downs_.size(); ++i)
      x = BareEvaluations::apply(downs_[i]->forward(x).to(at::kFloat), &blocks_[i + 2]).relu();
    return head_(x.mean({2, 3}));
  }

 private:
  void add_block(const std::string& name, std::int64_t width, int evaluations) {
    blocks_.push_back({register_module(name, ResidualBranch(width, width, 1)), evaluations});
  }

  torch::nn::Conv2d stem_ = register_module("stem", convolution(3, 64, 2, 7));
  torch::nn::BatchNorm2d bn_ = register_module("bn", torch::nn::BatchNorm2d(64));
  std::vector<BareBlock> blocks_;
  std::vector<DownsampleBlock> downs_;
  torch::nn::Linear head_ = nullptr;
};

}  // namespace neuralode::benchmarks
