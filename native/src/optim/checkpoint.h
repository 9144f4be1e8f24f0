// Everything that training goes on from, in one file that is either whole or refused.
#pragma once

#include <torch/optim/optimizer.h>

#include <string>
#include <vector>

#include "models/image_model.h"

namespace neuralode {

/// Layout of the file: 8 bytes "NODECKP1", payload length and CRC-32 of the payload (64-bit little-endian each), then the payload:
/// a libtorch archive with the model's parameters and buffers by name, the optimiser's state, libtorch's CPU generator and a text.
struct Checkpoint {
  std::string metadata;
  std::vector<std::string> names;   ///< of parameters, then buffers
  std::vector<at::Tensor> tensors;  ///< in the order of names
  std::string optimizer_kind;
  std::string optimizer_state;      ///< an archive of its own
  at::Tensor generator;

  /// Writes atomically. Throws io_error with the path.
  static void save(const std::string& path, const ImageModel& model, const torch::optim::Optimizer& optimizer, const std::string& metadata);
  /// Throws io_error naming the path when the file is missing, truncated, damaged or of another format.
  static Checkpoint open(const std::string& path);
  /// optimizer: its state and options, the learning rate among them; null to restore the weights alone. Throws invalid_argument
  /// naming the first thing that does not fit, having changed nothing.
  void restore(ImageModel& model, torch::optim::Optimizer* optimizer) const;
};

}  // namespace neuralode
