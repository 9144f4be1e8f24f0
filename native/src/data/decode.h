// Image files of any supported format to RGB pixels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/decode_jpeg.h"
#include "data/pixels.h"

namespace neuralode::data {

/// Reads and decodes one file after another with the same buffers; one thread at a time. Every failure is an Error (io_error)
/// "path: reason". The format is told by the first bytes, not by the name. Orientation tags are not applied.
class ImageDecoder {
 public:
  /// Reads the file and its header: width and height before any scaling.
  ImageSize open(const char* path);

  /// Decodes the opened file at a scale not below `least_scale`, in (0, 1]; out_scale: the one used. The pixels live until the
  /// next call of open or decode.
  PixelView decode(double least_scale, double& out_scale);

 private:
  enum class Format { jpeg, png };

  void read_file();
  Format recognize() const;

  std::string path_;
  Format format_ = Format::jpeg;
  std::size_t bytes_ = 0;           // of the file, in file_
  std::vector<std::uint8_t> file_;  // only grows
  std::vector<std::uint8_t> rgb_;
  JpegDecoder jpeg_;
};

}  // namespace neuralode::data
