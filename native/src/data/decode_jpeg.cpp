#include "data/decode_jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.h"

namespace neuralode::data {

namespace {

/// The smallest factor that is worth its cost and not below `least`. Factors between 1/2 and 1 have no SIMD code in libjpeg-turbo
/// and take as long as 1 (measured on ImageNet: 1.9 to 2.9 ms against 1.9 ms an image), so they are passed over.
tjscalingfactor choose_factor(double least) {
  int count = 0;
  const tjscalingfactor* factors = tjGetScalingFactors(&count);
  tjscalingfactor best{1, 1};
  for (int i = 0; i < count; ++i) {
    const double factor = static_cast<double>(factors[i].num) / factors[i].denom;
    if (factor <= 0.5 && factor >= least && factor * best.denom < best.num) best = factors[i];
  }
  return best;
}

bool ends_with_end_marker(const std::uint8_t* data, std::size_t bytes) {
  while (bytes > 0 && (data[bytes - 1] == 0 || data[bytes - 1] == '\n' || data[bytes - 1] == '\r')) --bytes;  // padding
  return bytes >= 2 && data[bytes - 2] == 0xFF && data[bytes - 1] == 0xD9;
}

/// Warnings about oddities that leave every pixel intact. libjpeg keeps only the first warning of an image, so the file must be
/// complete as well.
bool is_harmless(const std::string& warning, const std::uint8_t* data, std::size_t bytes) {
  for (const char* oddity : {"extraneous bytes before marker", "JFIF revision", "Adobe color transform"}) {
    if (warning.find(oddity) != std::string::npos) return ends_with_end_marker(data, bytes);
  }
  return false;
}

/// Adobe's CMYK is inverted: 255 is no ink, so that colour = ink * black / 255.
void cmyk_to_rgb(const std::vector<std::uint8_t>& cmyk, std::vector<std::uint8_t>& rgb) {
  for (std::size_t i = 0; i < rgb.size() / 3; ++i) {
    const unsigned black = cmyk[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) rgb[3 * i + c] = static_cast<std::uint8_t>((cmyk[4 * i + c] * black + 127) / 255);
  }
}

}  // namespace

void JpegDecoder::Close::operator()(void* handle) const { tjDestroy(handle); }

void JpegDecoder::check(int result, const std::uint8_t* data, std::size_t bytes) {
  if (result == 0) return;
  const std::string reason = tjGetErrorStr2(handle_.get());
  if (tjGetErrorCode(handle_.get()) == TJERR_WARNING && is_harmless(reason, data, bytes)) return;
  fail(Status::io_error, "is a broken JPEG file: ", reason);
}

ImageSize JpegDecoder::read_size(const std::uint8_t* data, std::size_t bytes) {
  // A handle of its own for every image: a used one keeps tables of the image before, and after a file that breaks off in its
  // header decodes the next good file to something else without a word.
  handle_.reset(tjInitDecompress());
  if (!handle_) fail(Status::out_of_memory, "a JPEG decoder cannot be made: ", tjGetErrorStr2(nullptr));
  int subsampling = -1;
  size_ = {};
  color_space_ = -1;
  const int result =
      tjDecompressHeader3(handle_.get(), data, static_cast<unsigned long>(bytes), &size_.width, &size_.height, &subsampling, &color_space_);
  // An unusual chroma subsampling is reported as an error after everything else was read; decoding does not need to know it.
  const bool only_subsampling_unknown = subsampling < 0 && color_space_ >= 0 && size_.width > 0 && size_.height > 0;
  if (!only_subsampling_unknown) check(result, data, bytes);
  return size_;
}

PixelView JpegDecoder::decode(const std::uint8_t* data, std::size_t bytes, double least_scale, std::vector<std::uint8_t>& rgb,
                              double& out_scale) {
  const tjscalingfactor factor = choose_factor(least_scale);
  const int width = TJSCALED(size_.width, factor);
  const int height = TJSCALED(size_.height, factor);
  const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const bool is_cmyk = color_space_ == TJCS_CMYK || color_space_ == TJCS_YCCK;
  rgb.resize(pixels * 3);
  if (is_cmyk) cmyk_.resize(pixels * 4);
  check(tjDecompress2(handle_.get(), data, static_cast<unsigned long>(bytes), is_cmyk ? cmyk_.data() : rgb.data(), width, 0, height,
                      is_cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_LIMITSCANS),
        data, bytes);
  if (is_cmyk) cmyk_to_rgb(cmyk_, rgb);
  out_scale = static_cast<double>(factor.num) / factor.denom;
  return {rgb.data(), width, height};
}

}  // namespace neuralode::data
