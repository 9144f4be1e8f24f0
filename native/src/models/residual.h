// The parts that residual networks are made of. He et al. 2016.
#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include "models/ode_block.h"

namespace neuralode {

/// A convolution without bias, 3x3 with padding 1 unless said otherwise.
torch::nn::Conv2d convolution(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride = 1, std::int64_t kernel = 3);

/// bn(conv(relu(bn(conv(x))))): the residual branch, and with equal widths and stride 1 the right-hand side f(z) of an ODE block.
class ResidualBranchImpl : public torch::nn::Module {
 public:
  ResidualBranchImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride);
  at::Tensor forward(const at::Tensor& x);

 private:
  torch::nn::Conv2d conv1_, conv2_;
  torch::nn::BatchNorm2d bn1_, bn2_;
};
TORCH_MODULE(ResidualBranch);

/// relu(shortcut(x) + branch(x)): the block where width or resolution changes, which no ODE can stand for.
class DownsampleBlockImpl : public torch::nn::Module {
 public:
  DownsampleBlockImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride);
  at::Tensor forward(const at::Tensor& x);

 private:
  ResidualBranch branch_;
  torch::nn::Conv2d shortcut_;
  torch::nn::BatchNorm2d bn_;
};
TORCH_MODULE(DownsampleBlock);

/// An ODE block dz/dt = branch(z). branch: equal widths, stride 1.
OdeBlock ode_block(const ResidualBranch& branch, const SolveOptions& solve);

/// Kaiming-normal convolutions (fan out, ReLU), unit batch norms.
void initialize(torch::nn::Module& model);

}  // namespace neuralode
