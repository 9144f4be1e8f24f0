#include "models/residual.h"

#include <torch/nn/init.h>

namespace neuralode {

torch::nn::Conv2d convolution(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride, std::int64_t kernel) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in_channels, out_channels, kernel).stride(stride).padding(kernel / 2).bias(false));
}

ResidualBranchImpl::ResidualBranchImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride)
    : conv1_(register_module("conv1", convolution(in_channels, out_channels, stride))),
      conv2_(register_module("conv2", convolution(out_channels, out_channels))),
      bn1_(register_module("bn1", torch::nn::BatchNorm2d(out_channels))),
      bn2_(register_module("bn2", torch::nn::BatchNorm2d(out_channels))) {}

at::Tensor ResidualBranchImpl::forward(const at::Tensor& x) { return bn2_(conv2_(bn1_(conv1_(x)).relu_())); }

DownsampleBlockImpl::DownsampleBlockImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride)
    : branch_(register_module("branch", ResidualBranch(in_channels, out_channels, stride))),
      shortcut_(register_module("shortcut", convolution(in_channels, out_channels, stride, 1))),
      bn_(register_module("bn", torch::nn::BatchNorm2d(out_channels))) {}

at::Tensor DownsampleBlockImpl::forward(const at::Tensor& x) { return branch_(x).add_(bn_(shortcut_(x))).relu_(); }

OdeBlock ode_block(const ResidualBranch& branch, const SolveOptions& solve) {
  return OdeBlock(branch.ptr(), [f = branch.ptr()](const at::Tensor&, const at::Tensor& z) { return f->forward(z); }, solve);
}

void initialize(torch::nn::Module& model) {
  const torch::NoGradGuard not_recording;
  for (const auto& module : model.modules(/*include_self=*/false))
    if (auto* conv = module->as<torch::nn::Conv2dImpl>()) torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
}

}  // namespace neuralode
