// A small ODE network that trains on two CPU cores.
#pragma once

#include <torch/nn/modules/linear.h>

#include "models/image_model.h"
#include "models/residual.h"

namespace neuralode {

/// conv 3->32, BN, ReLU, 2x2 max pooling; ODE block of width 32; residual block 32->64, stride 2; ODE block of width 64; average pooling;
/// linear. 0.2 million parameters; 32 px images reach the blocks at 16 and 8 px.
class OdeNetSmall final : public ImageModel {
 public:
  OdeNetSmall(std::int64_t classes, const SolveOptions& solve);
  at::Tensor forward(const at::Tensor& images) override;

 private:
  torch::nn::Conv2d stem_;
  torch::nn::BatchNorm2d bn_;
  DownsampleBlock down_;
  torch::nn::Linear head_;
};

}  // namespace neuralode
