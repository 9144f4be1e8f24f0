// Plain descriptions of images in memory.
#pragma once

#include <cstdint>

namespace neuralode::data {

/// Largest image that is decoded: 128 Mi pixels, 384 MiB as RGB. More is a broken or hostile header.
constexpr std::int64_t kMostPixels = std::int64_t{1} << 27;

/// Borrowed RGB pixels, three bytes each, rows without gaps.
struct PixelView {
  const std::uint8_t* rgb = nullptr;
  int width = 0;
  int height = 0;
};

/// A rectangle in pixels of an image; edges may lie within a pixel.
struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

}  // namespace neuralode::data
