#include "models/image_model.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "core/error.h"
#include "models/odenet_small.h"
#include "models/residual.h"
#include "models/resnet18_ode.h"

namespace neuralode {

namespace {

/// Seeds libtorch's default generator and puts its state back at the end.
class SeedScope {
 public:
  explicit SeedScope(std::uint64_t seed) : generator_(at::detail::getDefaultCPUGenerator()), outside_(generator_.get_state()) {
    generator_.set_current_seed(seed);
  }
  ~SeedScope() { generator_.set_state(outside_); }
  SeedScope(const SeedScope&) = delete;
  SeedScope& operator=(const SeedScope&) = delete;

 private:
  at::Generator generator_;
  at::Tensor outside_;
};

Stem resolved(const ImageModelOptions& options) {
  if (options.stem != Stem::automatic) return options.stem;
  return options.image_size >= 96 ? Stem::imagenet : Stem::cifar;
}

}  // namespace

at::Tensor ImageModel::classify(const at::Tensor& images) {
  require(images.dim() == 4 && images.size(1) == 3, "images: shape ", images.sizes(), " does not fit; give (batch, 3, height, width)");
  require(images.scalar_type() == at::kFloat, "images: dtype ", images.scalar_type(), " does not fit; give float32");
  require(images.device() == device(), "images: on ", images.device(), ", but the model is on ", device(),
          "; move the images there, or the model");
  return forward(images);
}

void ImageModel::place(at::Device device, at::MemoryFormat layout) {
  const torch::NoGradGuard not_recording;
  to(device);
  device_ = device;
  for (auto& parameter : parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(layout));
    auto& gradient = parameter.mutable_grad();
    if (gradient.defined()) gradient = parameter.dim() == 4 ? gradient.to(device).contiguous(layout) : gradient.to(device);
  }
}

void ImageModel::set_solve_options(const SolveOptions& options) {
  check(options);
  for (auto& block : blocks_) block->set_options(options);
}

Statistics ImageModel::statistics(bool reset) {
  Statistics result = total_;
  for (auto& block : blocks_) block->collect(result);
  total_ = reset ? Statistics{} : result;
  return result;
}

std::shared_ptr<ImageModel> make_image_model(const std::string& name, const ImageModelOptions& options, const SolveOptions& solve) {
  check(solve);
  const auto stem = static_cast<int>(options.stem);
  require(stem >= 0 && stem <= 2, "stem: ", stem, " is none of automatic (0), CIFAR (1), ImageNet (2)");
  require(options.classes >= 2, "classes: ", options.classes, " is too few to classify; give 2 or more");
  require(options.image_size >= 8, "image_size: ", options.image_size, " pixels are too few for this model; give 8 or more");
  const SeedScope seeded(options.seed);
  std::shared_ptr<ImageModel> model;
  if (name == "odenet-small")
    model = std::make_shared<OdeNetSmall>(options.classes, solve);
  else if (name == "resnet18-ode")
    model = std::make_shared<ResNet18Ode>(options.classes, resolved(options) == Stem::imagenet, solve);
  else
    fail(Status::invalid_argument, "model: '", name, "' is not known; choose odenet-small or resnet18-ode");
  initialize(*model);
  return model;
}

}  // namespace neuralode
