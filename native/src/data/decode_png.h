// PNG to RGB by libpng.
#pragma once

#include <cstdint>
#include <vector>

#include "data/decode_jpeg.h"
#include "data/pixels.h"

namespace neuralode::data {

/// Width and height from the header chunk. Throws Error (io_error) with the reason.
ImageSize read_png_size(const std::uint8_t* data, std::size_t bytes);

/// Decodes into `rgb` (resized to fit). Palettes, grey, 1 to 16 bits a channel become RGB of 8 bits; what is transparent is laid
/// over white. Truncated and corrupt data throws Error (io_error) with the reason.
PixelView decode_png(const std::uint8_t* data, std::size_t bytes, std::vector<std::uint8_t>& rgb);

}  // namespace neuralode::data
