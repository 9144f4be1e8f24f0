// One image file to one normalised sample.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/augment.h"
#include "data/decode.h"
#include "data/resample.h"

namespace neuralode::data {

struct SampleOptions {
  Augmentation augmentation = Augmentation::none;
  int image_size = 224;     // of the sample, both ways
  double min_scale = 0.08;  // of a resized crop, in (0, 1]
  Normalization normalization;
};

/// (pixel / 255 - mean) / std as one multiplication and one addition.
Normalization normalization_of(const std::array<double, 3>& mean, const std::array<double, 3>& std);

/// Reads, decodes, crops, resizes and normalises, with the same buffers from call to call. One thread at a time.
class SampleReader {
 public:
  /// Writes out: (3, image_size, image_size), the view being chosen with `random`. Throws Error (io_error) "path: reason".
  void read(const char* path, const SampleOptions& options, Random random, float* out);
  /// The same before normalisation, each value rounded to a byte, and not mirrored; returns whether it is to be.
  bool read_bytes(const char* path, const SampleOptions& options, Random random, std::uint8_t* out);

 private:
  /// Opens and decodes; `write` is called with the pixels, the box in them and the placement.
  template <class Write>
  void view(const char* path, const SampleOptions& options, Random random, Write&& write);

  std::vector<float> unrounded_;
  ImageDecoder decoder_;
  Resampler resampler_;
};

}  // namespace neuralode::data
