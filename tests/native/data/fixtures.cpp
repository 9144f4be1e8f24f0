#include "fixtures.h"

#include <gtest/gtest.h>
#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "core/error.h"

namespace neuralode::data::testing {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> count{0};
  path_ = fs::temp_directory_path() / text_of("neuralode-test-", std::random_device{}(), "-", count++);
  fs::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Picture plain(int width, int height, const Bytes& color) {
  Picture picture{width, height, static_cast<int>(color.size()), {}};
  for (int i = 0; i < width * height; ++i) picture.bytes.insert(picture.bytes.end(), color.begin(), color.end());
  return picture;
}

Picture waves(int width, int height, int seed) {
  Picture picture{width, height, 3, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double value = 128 + 60 * std::sin(x / (9.0 + c) + 0.7 * seed) + 60 * std::cos(y / (11.0 - c) + 1.3 * seed);
        picture.bytes.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return picture;
}

Bytes jpeg_file(const Picture& picture, int quality, int chroma) {
  const int format = picture.channels == 1 ? TJPF_GRAY : picture.channels == 4 ? TJPF_CMYK : TJPF_RGB;
  const int subsampling = picture.channels == 1 ? TJSAMP_GRAY : chroma == 420 ? TJSAMP_420 : TJSAMP_444;
  tjhandle handle = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  const int result = tjCompress2(handle, picture.bytes.data(), picture.width, 0, picture.height, format, &data, &bytes, subsampling,
                                 quality, TJFLAG_ACCURATEDCT);
  EXPECT_EQ(result, 0) << tjGetErrorStr2(handle);
  Bytes file(data, data + bytes);
  tjFree(data);
  tjDestroy(handle);
  return file;
}

Bytes png_file(int width, int height, int color_type, int bits, const Bytes& rows, bool interlaced) {
  Bytes file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);  // errors abort: a bug in the test
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &file,
      [](png_structp p, png_bytep data, png_size_t count) {
        auto& out = *static_cast<Bytes*>(png_get_io_ptr(p));
        out.insert(out.end(), data, data + count);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), bits, color_type,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[4] = {{0, 0, 0}, {255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
  if (color_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  const std::size_t stride = rows.size() / static_cast<std::size_t>(height);
  for (int y = 0; y < height; ++y) pointers.push_back(const_cast<png_bytep>(rows.data() + static_cast<std::size_t>(y) * stride));
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

void write_file(const std::string& path, const Bytes& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void write_file(const std::string& path, const std::string& text) { write_file(path, Bytes(text.begin(), text.end())); }

Bytes read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::pair<std::string, Bytes>> files_below(const std::string& root) {
  std::vector<std::pair<std::string, Bytes>> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.emplace_back(fs::relative(entry.path(), root).string(), read_file(entry.path().string()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

void write_image_folder(const TemporaryFolder& root, int classes, int per_class, int width, int height) {
  for (int c = 0; c < classes; ++c) {
    for (int i = 0; i < per_class; ++i) {
      const std::string name = text_of("train/", static_cast<char>('a' + c), "/", i, ".jpg");
      write_file(root / name, jpeg_file(waves(width, height, c * per_class + i)));
    }
  }
}

std::string text_of_error(int status, const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.status()), status) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace neuralode::data::testing
