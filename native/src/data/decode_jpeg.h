// JPEG to RGB by libjpeg-turbo.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/pixels.h"

namespace neuralode::data {

struct ImageSize {
  int width = 0;
  int height = 0;
};

/// One JPEG file after another; not for two threads at a time. Both functions throw Error (io_error) with the reason.
class JpegDecoder {
 public:
  /// Width and height from the header. Begins a new image.
  ImageSize read_size(const std::uint8_t* data, std::size_t bytes);

  /// Decodes the image last given to read_size into `rgb` (resized to fit) at the cheapest scale that is not below `least_scale`, and sets
  /// `out_scale` to it: 1, 1/2, 3/8, 1/4 or 1/8. Point (x, y) of the image lies at (x, y) * out_scale. Greyscale is repeated; CMYK and YCCK
  /// are taken as Adobe writes them (inverted). Truncated and corrupt data is an error.
  PixelView decode(const std::uint8_t* data, std::size_t bytes, double least_scale, std::vector<std::uint8_t>& rgb, double& out_scale);

 private:
  struct Close {
    void operator()(void* handle) const;
  };
  void check(int result, const std::uint8_t* data, std::size_t bytes);

  std::unique_ptr<void, Close> handle_;
  ImageSize size_;
  int color_space_ = 0;
  std::vector<std::uint8_t> cmyk_;
};

}  // namespace neuralode::data
