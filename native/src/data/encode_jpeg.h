// RGB to JPEG by libjpeg-turbo.
#pragma once

#include <cstdint>
#include <vector>

#include "data/pixels.h"

namespace neuralode::data {

/// A JPEG file with 4:2:0 chroma; quality: 1 to 100. Throws Error (runtime_error) with libjpeg-turbo's reason.
std::vector<std::uint8_t> encode_jpeg(const PixelView& pixels, int quality);

}  // namespace neuralode::data
