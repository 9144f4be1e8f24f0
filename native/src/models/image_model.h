// Image classifiers by name.
#pragma once

#include <cstdint>
#include <string>

#include "models/ode_block.h"

namespace neuralode {

enum class Stem : std::int32_t { automatic = 0, cifar = 1, imagenet = 2 };

struct ImageModelOptions {
  Stem stem = Stem::automatic;
  std::int64_t classes = 10;
  std::int64_t image_size = 32;  ///< pixels
  std::uint64_t seed = 0;        ///< of the initial weights
};

class ImageModel : public torch::nn::Module {
 public:
  /// images: (batch, 3, height, width), float32. Returns logits (batch, classes).
  virtual at::Tensor forward(const at::Tensor& images) = 0;

  /// Checks the images' shape, dtype and device, then forward.
  at::Tensor classify(const at::Tensor& images);
  /// Parameters, their gradients and buffers to `device`, and four-dimensional parameters into `layout`: contiguous or channels_last. The
  /// parameters stay the same tensors.
  void place(at::Device device, at::MemoryFormat layout);
  at::Device device() const { return device_; }
  void set_solve_options(const SolveOptions& options);
  Statistics statistics(bool reset);

 protected:
  std::vector<OdeBlock> blocks_;  ///< every ODE block, for options and figures

 private:
  Statistics total_;
  at::Device device_ = at::kCPU;
};

/// name: "odenet-small" or "resnet18-ode". Throws invalid_argument for another name or an option out of range.
std::shared_ptr<ImageModel> make_image_model(const std::string& name, const ImageModelOptions& options, const SolveOptions& solve);

}  // namespace neuralode
