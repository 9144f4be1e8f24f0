// Dynamics from any function on libtorch tensors, differentiated by libtorch's autograd; libtorch modules among them.
#pragma once

#include <torch/nn/module.h>

#include "dynamics/dynamics.h"

namespace neuralode {

/// u = f(t, z).
using DynamicsFunction = std::function<TensorList(const at::Tensor& t, const TensorList& z)>;

/// From a plain function; parameters and buffers are the caller's.
class FunctionDynamics final : public Dynamics {
 public:
  FunctionDynamics(DynamicsFunction function, TensorList parameters, TensorList buffers);
  TensorList eval(const at::Tensor& t, const TensorList& z) override;
  NamedTensorList parameters() const override;
  NamedTensorList buffers() const override;
  void to_dtype(at::ScalarType dtype) override;

 private:
  DynamicsFunction function_;
  TensorList parameters_;
  TensorList buffers_;
  bool graph_checked_ = false;
};

/// From a libtorch module and the function that calls it.
class ModuleDynamics final : public Dynamics {
 public:
  ModuleDynamics(std::shared_ptr<torch::nn::Module> module, DynamicsFunction forward);
  TensorList eval(const at::Tensor& t, const TensorList& z) override;
  NamedTensorList parameters() const override;
  NamedTensorList buffers() const override;
  std::string replay_obstacle() const override { return {}; }
  void set_training(bool training) override;
  std::vector<bool> modes() const override;
  void set_modes(const std::vector<bool>& modes) override;
  void to_dtype(at::ScalarType dtype) override;

 private:
  std::shared_ptr<torch::nn::Module> module_;
  DynamicsFunction forward_;
};

}  // namespace neuralode
