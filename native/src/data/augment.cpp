#include "data/augment.h"

#include <algorithm>
#include <cmath>

namespace neuralode::data {

namespace {

constexpr int kAttempts = 10;
constexpr double kLeastRatio = 3.0 / 4.0;  // width / height
constexpr double kMostRatio = 4.0 / 3.0;
constexpr int kPaddingDivisor = 8;

Box largest_center_part(ImageSize image) {
  const double width = std::min<double>(image.width, std::round(image.height * kMostRatio));
  const double height = std::min<double>(image.height, std::round(image.width / kLeastRatio));
  return {std::floor((image.width - width) / 2), std::floor((image.height - height) / 2), width, height};
}

}  // namespace

Box center_square(ImageSize image, double share) {
  const double side = share * std::min(image.width, image.height);
  return {(image.width - side) / 2, (image.height - side) / 2, side, side};
}

Box random_resized_crop(ImageSize image, double min_scale, Random& random) {
  const double area = static_cast<double>(image.width) * image.height;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double target = area * random.uniform(min_scale, 1.0);
    const double ratio = std::exp(random.uniform(std::log(kLeastRatio), std::log(kMostRatio)));
    const auto width = static_cast<std::int64_t>(std::lround(std::sqrt(target * ratio)));
    const auto height = static_cast<std::int64_t>(std::lround(std::sqrt(target / ratio)));
    if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
    const std::uint64_t x = random.below(static_cast<std::uint64_t>(image.width - width + 1));
    const std::uint64_t y = random.below(static_cast<std::uint64_t>(image.height - height + 1));
    return {static_cast<double>(x), static_cast<double>(y), static_cast<double>(width), static_cast<double>(height)};
  }
  return largest_center_part(image);
}

View choose_view(ImageSize image, Augmentation augmentation, int size, double min_scale, Random& random) {
  View view;
  view.placement.size = size;
  switch (augmentation) {
    case Augmentation::none:
      view.box = center_square(image, std::min(image.width, image.height) == size ? 1.0 : 7.0 / 8.0);
      break;
    case Augmentation::resized_crop:
      view.box = random_resized_crop(image, min_scale, random);
      view.placement.flip = random.coin();
      break;
    case Augmentation::padded_crop: {
      const int padding = size / kPaddingDivisor;
      view.box = center_square(image, 1.0);
      view.placement.shift_x = static_cast<int>(random.below(static_cast<std::uint64_t>(2 * padding + 1))) - padding;
      view.placement.shift_y = static_cast<int>(random.below(static_cast<std::uint64_t>(2 * padding + 1))) - padding;
      view.placement.flip = random.coin();
      break;
    }
  }
  return view;
}

}  // namespace neuralode::data
