#include "data/decode_png.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "core/error.h"

namespace neuralode::data {

namespace {

/// What libpng's callbacks see, and what must outlive a longjmp out of libpng.
struct PngInput {
  const std::uint8_t* next = nullptr;
  std::size_t left = 0;
  char reason[128] = "";
  int channels = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<png_bytep> rows;
};

void read_bytes(png_structp png, png_bytep out, png_size_t bytes) {
  auto& input = *static_cast<PngInput*>(png_get_io_ptr(png));
  if (bytes > input.left) png_error(png, "premature end of file");
  std::memcpy(out, input.next, bytes);
  input.next += bytes;
  input.left -= bytes;
}

[[noreturn]] void remember_error(png_structp png, png_const_charp text) {
  auto& input = *static_cast<PngInput*>(png_get_error_ptr(png));
  std::snprintf(input.reason, sizeof(input.reason), "%s", text);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

/// Asks libpng for 8-bit RGB or, where something may be transparent, RGBA.
void request_rgb(png_structp png, png_infop info) {
  png_set_expand(png);  // palettes, fewer than 8 bits, transparency chunks
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
}

/// Reads everything into input.pixels. Returns false with input.reason set when libpng fails. Holds no object with a destructor:
/// libpng leaves by longjmp. (Allocation failure in the vectors is thrown past C frames of this file only.)
bool read_all(png_structp png, png_infop info, PngInput& input) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_read_fn(png, &input, read_bytes);
  png_read_info(png, info);
  request_rgb(png, info);
  const std::size_t stride = png_get_rowbytes(png, info);
  const std::size_t height = png_get_image_height(png, info);
  input.channels = png_get_channels(png, info);
  input.pixels.resize(stride * height);
  input.rows.resize(height);
  for (std::size_t y = 0; y < height; ++y) input.rows[y] = input.pixels.data() + y * stride;
  png_read_image(png, input.rows.data());
  png_read_end(png, nullptr);
  return true;
}

void lay_over_white(const std::vector<std::uint8_t>& rgba, std::vector<std::uint8_t>& rgb) {
  rgb.resize(rgba.size() / 4 * 3);
  for (std::size_t i = 0; i < rgb.size() / 3; ++i) {
    const unsigned alpha = rgba[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      rgb[3 * i + c] = static_cast<std::uint8_t>((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
}

/// libpng's two objects, freed together.
class PngReader {
 public:
  explicit PngReader(PngInput& input) : png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &input, remember_error, ignore_warning)) {
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      fail(Status::out_of_memory, "a PNG decoder cannot be made");
    }
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool read(PngInput& input) { return read_all(png_, info_, input); }

 private:
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

ImageSize read_png_size(const std::uint8_t* data, std::size_t bytes) {
  // The signature (8 bytes), then length and name (4 each) of the first chunk, which must be IHDR, then width and height.
  if (bytes < 24 || std::memcmp(data + 12, "IHDR", 4) != 0) fail(Status::io_error, "is a broken PNG file: no header chunk");
  const auto number_at = [data](std::size_t i) {
    return std::uint32_t{data[i]} << 24 | std::uint32_t{data[i + 1]} << 16 | std::uint32_t{data[i + 2]} << 8 | std::uint32_t{data[i + 3]};
  };
  const std::uint32_t width = number_at(16);
  const std::uint32_t height = number_at(20);
  if (width == 0 || height == 0 || width > 0x7FFFFFFF || height > 0x7FFFFFFF) {
    fail(Status::io_error, "is a broken PNG file: its header says ", width, " x ", height, " pixels");
  }
  return {static_cast<int>(width), static_cast<int>(height)};
}

PixelView decode_png(const std::uint8_t* data, std::size_t bytes, std::vector<std::uint8_t>& rgb) {
  const ImageSize size = read_png_size(data, bytes);
  PngInput input;
  input.next = data;
  input.left = bytes;
  PngReader reader(input);
  if (!reader.read(input)) fail(Status::io_error, "is a broken PNG file: ", input.reason);
  if (input.channels == 4) {
    lay_over_white(input.pixels, rgb);
  } else {
    rgb.swap(input.pixels);
  }
  return {rgb.data(), size.width, size.height};
}

}  // namespace neuralode::data
