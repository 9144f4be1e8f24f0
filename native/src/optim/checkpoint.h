// Everything that training goes on from, in one file that is either whole or refused.
#pragma once

#include <torch/optim/optimizer.h>

#include <string>
#include <vector>

#include "models/image_model.h"
#include "optim/grad_scaler.h"
#include "tensors/safetensors.h"

namespace neuralode {

/// Layout of the file: 8 bytes "NODECKP2", payload length and CRC-32 of the payload (64-bit little-endian each), then the payload:
/// a safetensors file with "model.NAME" for the model's parameters and buffers, "optimizer.NAME" for what optimizer_state.h lists,
/// "scaler.NAME" for what GradScaler::state does where there is one, "generator" for libtorch's CPU generator and "metadata" for a text.
/// Not a libtorch archive, as "NODECKP1" was: a reader of those runs what stands in the file, and libtorch does not survive every file.
struct Checkpoint {
  std::string metadata;
  std::vector<std::string> names;   ///< of parameters, then buffers
  std::vector<at::Tensor> tensors;  ///< in the order of names
  NamedTensors optimizer_state;
  NamedTensors scaler_state;  ///< empty: saved without one
  at::Tensor generator;

  /// Writes atomically. Throws io_error with the path.
  static void save(const std::string& path, const ImageModel& model, const torch::optim::Optimizer& optimizer, const GradScaler* scaler,
                   const std::string& metadata);
  /// Throws io_error naming the path when the file is missing, truncated, damaged or of another format.
  static Checkpoint open(const std::string& path);
  /// optimizer: its state and options, the learning rate among them; null to restore the weights alone. scaler: null to leave it out.
  /// Throws invalid_argument naming the first thing that does not fit, having changed nothing.
  void restore(ImageModel& model, torch::optim::Optimizer* optimizer, GradScaler* scaler) const;
};

}  // namespace neuralode
