// Which part of an image a training or evaluation sample shows.
#pragma once

#include <cstdint>

#include "data/decode_jpeg.h"
#include "data/pixels.h"
#include "data/random.h"
#include "data/resample.h"

namespace neuralode::data {

/// Values are those of neuralode_augmentation in neuralode/data.h.
enum class Augmentation : std::int32_t { none = 0, resized_crop = 1, padded_crop = 2 };

/// A part of the image, in its own pixels before any scaled decoding, and where it goes.
struct View {
  Box box;
  Placement placement;
};

/// The centred square of side share * (shorter side).
Box center_square(ImageSize image, double share);

/// Random area (uniform share in [min_scale, 1]) and aspect ratio (log-uniform in [3/4, 4/3]) at a random place; after ten attempts
/// that do not fit, the largest centred part with an allowed ratio. Edges on whole pixels. Szegedy et al. 2015, as torchvision does it.
Box random_resized_crop(ImageSize image, double min_scale, Random& random);

/// The view of size x size pixels that `augmentation` takes; what each does is said in neuralode/data.h.
View choose_view(ImageSize image, Augmentation augmentation, int size, double min_scale, Random& random);

}  // namespace neuralode::data
