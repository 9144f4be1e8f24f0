#include "data/sample_reader.h"

#include <algorithm>
#include <utility>

namespace neuralode::data {

Normalization normalization_of(const std::array<double, 3>& mean, const std::array<double, 3>& std) {
  Normalization result;
  for (std::size_t c = 0; c < 3; ++c) {
    result.scale[c] = static_cast<float>(1.0 / (255.0 * std[c]));
    result.bias[c] = static_cast<float>(-mean[c] / std[c]);
  }
  return result;
}

template <class Write>
void SampleReader::view(const char* path, const SampleOptions& options, Random random, Write&& write) {
  const ImageSize size = decoder_.open(path);
  const View view = choose_view(size, options.augmentation, options.image_size, options.min_scale, random);
  const double least_scale = std::min(1.0, options.image_size / std::min(view.box.width, view.box.height));
  double scale = 1.0;
  const PixelView pixels = decoder_.decode(least_scale, scale);
  write(pixels, Box{view.box.x * scale, view.box.y * scale, view.box.width * scale, view.box.height * scale}, view.placement);
}

void SampleReader::read(const char* path, const SampleOptions& options, Random random, float* out) {
  view(path, options, random, [&](const PixelView& pixels, const Box& box, const Placement& placement) {
    resampler_.run(pixels, box, placement, options.normalization, out);
  });
}

bool SampleReader::read_bytes(const char* path, const SampleOptions& options, Random random, std::uint8_t* out) {
  unrounded_.resize(3 * static_cast<std::size_t>(options.image_size) * static_cast<std::size_t>(options.image_size));
  bool flip = false;
  view(path, options, random, [&](const PixelView& pixels, const Box& box, Placement placement) {
    flip = std::exchange(placement.flip, false);
    resampler_.run(pixels, box, placement, {{1, 1, 1}, {0, 0, 0}}, unrounded_.data());
  });
  // The weights of a window add up to 1 but for rounding, so that a value may be a little above 255.
  std::transform(unrounded_.begin(), unrounded_.end(), out,
                 [](float value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F) + 0.5F); });
  return flip;
}

}  // namespace neuralode::data
