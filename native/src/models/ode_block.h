// A layer that integrates dz/dt = f(z) over [0, 1].
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "dynamics/autograd_dynamics.h"
#include "gradients/solve.h"

namespace neuralode {

/// z(1) with z(0) = x and f any module from (batch, channels, height, width) to the same.
class OdeBlockImpl : public torch::nn::Module {
 public:
  /// forward: how `f` is called.
  OdeBlockImpl(std::shared_ptr<torch::nn::Module> f, std::function<at::Tensor(const at::Tensor& t, const at::Tensor& z)> forward,
               const SolveOptions& options);
  /// The state is float32 where autocast made x less: in fewer bits a reverse sweep would not find its way back.
  /// Throws what a solve throws, also with FailureKind::value: a layer has no other way to say that it failed. Drift stays a value then.
  at::Tensor forward(const at::Tensor& x);
  void set_options(const SolveOptions& options) { options_ = options; }
  /// All but drift_rate, which stays where steps are planned: to read it must not wait for a GPU.
  void to(torch::Device device, torch::Dtype dtype, bool non_blocking = false) override { f_->to(device, dtype, non_blocking); }
  void to(torch::Device device, bool non_blocking = false) override { f_->to(device, non_blocking); }
  using torch::nn::Module::to;
  /// Adds the figures of the solves since the last call; those whose backward has not run count with none.
  void collect(Statistics& total);

 private:
  void fold();

  std::shared_ptr<torch::nn::Module> f_;
  std::shared_ptr<Dynamics> dynamics_;
  SolveOptions options_;
  std::vector<std::shared_ptr<Statistics>> solves_;
  Statistics folded_;
};
TORCH_MODULE(OdeBlock);

}  // namespace neuralode
