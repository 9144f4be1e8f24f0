#include "data/sample_reader.h"

#include <algorithm>

namespace neuralode::data {

Normalization normalization_of(const std::array<double, 3>& mean, const std::array<double, 3>& std) {
  Normalization result;
  for (std::size_t c = 0; c < 3; ++c) {
    result.scale[c] = static_cast<float>(1.0 / (255.0 * std[c]));
    result.bias[c] = static_cast<float>(-mean[c] / std[c]);
  }
  return result;
}

void SampleReader::read(const char* path, const SampleOptions& options, Random random, float* out) {
  const ImageSize size = decoder_.open(path);
  const View view = choose_view(size, options.augmentation, options.image_size, options.min_scale, random);
  const double least_scale = std::min(1.0, options.image_size / std::min(view.box.width, view.box.height));
  double scale = 1.0;
  const PixelView pixels = decoder_.decode(least_scale, scale);
  const Box box{view.box.x * scale, view.box.y * scale, view.box.width * scale, view.box.height * scale};
  resampler_.run(pixels, box, view.placement, options.normalization, out);
}

}  // namespace neuralode::data
