// Dynamics from a TorchScript file.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "dynamics/dynamics.h"

namespace neuralode {

/// A scripted or traced module whose forward is (t, z) or (t, z0, z1, ...), returning a tensor or a tuple of tensors. It runs
/// in the plain interpreter: an executor that specialises and fuses would round differently with and without a graph.
class ScriptDynamics final : public Dynamics {
 public:
  /// Throws io_error when the file is missing, damaged or no TorchScript; invalid_argument when forward does not fit.
  static std::unique_ptr<ScriptDynamics> load(const std::string& path, const std::string& device);
  /// From a module of the program's, shared with it. name: in messages. Throws invalid_argument when forward does not fit.
  static std::unique_ptr<ScriptDynamics> of(torch::jit::Module module, const std::string& name);

  TensorList eval(const at::Tensor& t, const TensorList& z) override;
  NamedTensorList parameters() const override;
  NamedTensorList buffers() const override;
  std::string replay_obstacle() const override { return {}; }
  void set_training(bool training) override;
  std::vector<bool> modes() const override;
  void set_modes(const std::vector<bool>& modes) override;
  void to_dtype(at::ScalarType dtype) override;

 private:
  explicit ScriptDynamics(torch::jit::Module module);
  mutable torch::jit::Module module_;
  torch::jit::Method forward_;
};

}  // namespace neuralode
