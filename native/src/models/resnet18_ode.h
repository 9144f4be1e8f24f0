// ResNet-18 whose residual blocks of constant width are ODE blocks. Zhuang et al. 2021, section 4.2; He et al. 2016.
#pragma once

#include <torch/nn/modules/linear.h>

#include "models/image_model.h"
#include "models/residual.h"

namespace neuralode {

/// Four stages of widths 64, 128, 256, 512. The first stage is two ODE blocks; each later one a residual block of stride 2 and an ODE
/// block. Stem: 3x3 convolution of stride 1 (CIFAR), or 7x7 of stride 2 and 3x3 max pooling of stride 2 (ImageNet).
class ResNet18Ode final : public ImageModel {
 public:
  ResNet18Ode(std::int64_t classes, bool imagenet_stem, const SolveOptions& solve);
  at::Tensor forward(const at::Tensor& images) override;

 private:
  bool imagenet_stem_;
  torch::nn::Conv2d stem_;
  torch::nn::BatchNorm2d bn_;
  std::vector<DownsampleBlock> downs_;
  torch::nn::Linear head_;
};

}  // namespace neuralode
