// Resampling of a part of an image to a square of normalised floats.
#pragma once

#include <array>
#include <vector>

#include "data/pixels.h"

namespace neuralode::data {

/// out = pixel * scale + bias, a channel each; pixel: 0 to 255.
struct Normalization {
  std::array<float, 3> scale{1.0F / 255, 1.0F / 255, 1.0F / 255};
  std::array<float, 3> bias{0, 0, 0};
};

/// Where the resampled square of `size` pixels goes in an output of the same size: output (x, y) is pixel (x + shift_x, y + shift_y)
/// of it, black where that lies outside; then mirrored left to right if `flip`.
struct Placement {
  int size = 0;
  int shift_x = 0;
  int shift_y = 0;
  bool flip = false;
};

/// The separable triangle filter, its width the larger of one source and one target pixel: bilinear where it magnifies, antialiased
/// where it minifies. The same as Pillow's resize(BILINEAR, box=box), without its rounding to bytes. Keeps its buffers.
class Resampler {
 public:
  /// Resamples `box` of `image` (filter windows end at the image's edges, not the box's) to placement.size squared and writes
  /// out: (3, size, size).
  void run(const PixelView& image, const Box& box, const Placement& placement, const Normalization& normalization, float* out);

 private:
  /// Weights of the source pixels first .. first + count - 1 for one target pixel.
  struct Window {
    int first = 0;
    int count = 0;
    std::size_t weights = 0;  // index of the first in Axis::weights
  };
  struct Axis {
    std::vector<Window> windows;
    std::vector<float> weights;
    void fit(int source_size, double start, double length, int target_size);
  };

  void blend_rows(const PixelView& image, const Window& window, int first_column, int columns);
  void write_row(const Placement& placement, int y, int first_column, const Normalization& normalization, float* out) const;

  Axis across_;
  Axis down_;
  std::vector<float> row_;  // one row of the image after the vertical pass, RGB
};

}  // namespace neuralode::data
