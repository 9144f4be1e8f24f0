#include "models/odenet_small.h"

#include <ATen/ATen.h>

namespace neuralode {

namespace {

constexpr std::int64_t width1 = 32, width2 = 64;

}  // namespace

OdeNetSmall::OdeNetSmall(std::int64_t classes, const SolveOptions& solve)
    : stem_(register_module("stem", convolution(3, width1))),
      bn_(register_module("bn", torch::nn::BatchNorm2d(width1))),
      down_(nullptr),
      head_(nullptr) {
  blocks_.push_back(register_module("ode1", ode_block(ResidualBranch(width1, width1, 1), solve)));
  down_ = register_module("down", DownsampleBlock(width1, width2, 2));
  blocks_.push_back(register_module("ode2", ode_block(ResidualBranch(width2, width2, 1), solve)));
  head_ = register_module("head", torch::nn::Linear(width2, classes));
}

at::Tensor OdeNetSmall::forward(const at::Tensor& images) {
  auto x = at::max_pool2d(bn_(stem_(images)).relu_(), 2);
  x = blocks_[0]->forward(x).relu();
  x = blocks_[1]->forward(down_(x)).relu();
  return head_(x.mean({2, 3}));
}

}  // namespace neuralode
