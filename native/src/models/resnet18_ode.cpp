#include "models/resnet18_ode.h"

#include <ATen/ATen.h>

namespace neuralode {

ResNet18Ode::ResNet18Ode(std::int64_t classes, bool imagenet_stem, const SolveOptions& solve)
    : imagenet_stem_(imagenet_stem),
      stem_(register_module("stem", imagenet_stem ? convolution(3, 64, 2, 7) : convolution(3, 64))),
      bn_(register_module("bn", torch::nn::BatchNorm2d(64))),
      head_(nullptr) {
  for (const char* name : {"stage1_ode1", "stage1_ode2"})
    blocks_.push_back(register_module(name, ode_block(ResidualBranch(64, 64, 1), solve)));
  std::int64_t width = 64;
  for (const char* stage : {"stage2", "stage3", "stage4"}) {
    downs_.push_back(register_module(std::string(stage) + "_down", DownsampleBlock(width, 2 * width, 2)));
    width *= 2;
    blocks_.push_back(register_module(std::string(stage) + "_ode", ode_block(ResidualBranch(width, width, 1), solve)));
  }
  head_ = register_module("head", torch::nn::Linear(width, classes));
}

at::Tensor ResNet18Ode::forward(const at::Tensor& images) {
  auto x = bn_(stem_(images)).relu_();
  if (imagenet_stem_) x = at::max_pool2d(x, 3, 2, 1);
  for (std::size_t i = 0; i < 2; ++i) x = blocks_[i]->forward(x).relu();
  for (std::size_t i = 0; i < downs_.size(); ++i) x = blocks_[i + 2]->forward(downs_[i]->forward(x)).relu();
  return head_(x.mean({2, 3}));
}

}  // namespace neuralode
