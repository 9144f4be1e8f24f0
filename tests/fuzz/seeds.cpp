// Writes the valid inputs that the corpora grew from: fuzz_seeds CORPUS_FOLDER. Run once; the corpora are committed.
#include <png.h>
#include <turbojpeg.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t*, std::size_t size, std::size_t) { return size; }  // for checkpoint.cpp's mutator

namespace neuralode::fuzz {
void save_checkpoint_seed(const std::string& path, int kind);
}

namespace {

using Bytes = std::vector<std::uint8_t>;

void write(const std::string& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

Bytes waves(int width, int height, int channels) {
  Bytes result;
  for (int i = 0; i < width * height * channels; ++i) result.push_back(static_cast<std::uint8_t>(128 + 100 * std::sin(i * 0.3)));
  return result;
}

void write_jpeg(const std::string& path, int width, int height, int format, int subsampling, int flags) {
  const auto pixels = waves(width, height, tjPixelSize[format]);
  tjhandle handle = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long bytes = 0;
  tjCompress2(handle, pixels.data(), width, 0, height, format, &data, &bytes, subsampling, 75, flags);
  Bytes file{2};  // the size to crop to
  file.insert(file.end(), data, data + bytes);
  write(path, file);
  file.resize(file.size() / 2);
  write(path + "-half", file);
  tjFree(data);
  tjDestroy(handle);
}

void write_png(const std::string& path, int width, int height, int color_type, int bits, bool interlaced) {
  Bytes file{1};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
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
  auto rows = waves(width, height, 8);
  if (color_type == PNG_COLOR_TYPE_PALETTE) rows.assign(rows.size(), 0x1B);
  std::vector<png_bytep> pointers;
  for (int y = 0; y < height; ++y) pointers.push_back(rows.data() + y * width * 8);
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  write(path, file);
}

void write_images(const std::string& folder) {
  write_jpeg(folder + "/444", 9, 7, TJPF_RGB, TJSAMP_444, 0);
  write_jpeg(folder + "/422", 16, 16, TJPF_RGB, TJSAMP_422, 0);
  write_jpeg(folder + "/420", 17, 16, TJPF_RGB, TJSAMP_420, 0);
  write_jpeg(folder + "/440", 16, 9, TJPF_RGB, TJSAMP_440, 0);
  write_jpeg(folder + "/411", 33, 8, TJPF_RGB, TJSAMP_411, 0);
  write_jpeg(folder + "/gray", 8, 8, TJPF_GRAY, TJSAMP_GRAY, 0);
  write_jpeg(folder + "/cmyk", 8, 8, TJPF_CMYK, TJSAMP_444, 0);
  write_jpeg(folder + "/progressive", 16, 16, TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE);
  write_png(folder + "/png-rgb", 5, 4, PNG_COLOR_TYPE_RGB, 8, false);
  write_png(folder + "/png-rgba", 5, 4, PNG_COLOR_TYPE_RGB_ALPHA, 8, true);
  write_png(folder + "/png-16", 3, 3, PNG_COLOR_TYPE_RGB, 16, false);
  write_png(folder + "/png-gray-1", 9, 3, PNG_COLOR_TYPE_GRAY, 1, true);
  write_png(folder + "/png-gray-alpha", 4, 4, PNG_COLOR_TYPE_GRAY_ALPHA, 16, false);
  write_png(folder + "/png-palette", 6, 6, PNG_COLOR_TYPE_PALETTE, 2, false);
}

void write_safetensors(const std::string& path, const std::string& header, std::size_t data, std::uint64_t length = 0) {
  if (length == 0) length = header.size();
  Bytes file;
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
  file.insert(file.end(), header.begin(), header.end());
  for (std::size_t i = 0; i < data; ++i) file.push_back(static_cast<std::uint8_t>(i));
  write(path, file);
}

std::string entry(const char* name, const char* dtype, const char* shape, int begin, int end) {
  return std::string("\"") + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + std::to_string(begin) +
         ',' + std::to_string(end) + "]}";
}

void write_all_safetensors(const std::string& folder) {
  write_safetensors(folder + "/none", "{}", 0);
  write_safetensors(folder + "/metadata", "{\"__metadata__\":{\"a\":\"b\"}}", 0);
  write_safetensors(folder + "/dtypes",
                    '{' + entry("a", "F64", "[1]", 0, 8) + ',' + entry("b", "F32", "[1,2]", 8, 16) + ',' +
                        entry("c", "F16", "[1]", 16, 18) + ',' + entry("d", "BF16", "[1]", 18, 20) + ',' + entry("e", "I64", "[]", 20, 28) +
                        ',' + entry("f", "I32", "[1]", 28, 32) + ',' + entry("g", "I16", "[1]", 32, 34) + ',' +
                        entry("h", "I8", "[1]", 34, 35) + ',' + entry("i", "U8", "[0,3]", 35, 35) + ',' +
                        entry("j", "BOOL", "[1]", 35, 36) + '}',
                    36);
  write_safetensors(folder + "/twice", '{' + entry("a", "U8", "[1]", 0, 1) + ',' + entry("a", "U8", "[1]", 1, 2) + '}', 2);
  write_safetensors(folder + "/overlapping", '{' + entry("a", "U8", "[2]", 0, 2) + ',' + entry("b", "U8", "[2]", 1, 3) + '}', 3);
  write_safetensors(folder + "/overflow", '{' + entry("a", "F64", "[9223372036854775807,4,2]", 0, 0) + '}', 0);
  write_safetensors(folder + "/truncated", '{' + entry("a", "F32", "[4]", 0, 16) + '}', 7);
  write_safetensors(folder + "/long-header", "{}", 0, ~std::uint64_t{0});
  write_safetensors(folder + "/deep", std::string(300, '[') + std::string(300, ']'), 0);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::string folder = arguments[1];
  write_images(folder + "/image");
  write_all_safetensors(folder + "/safetensors");
  for (int kind = 0; kind < 3; ++kind) neuralode::fuzz::save_checkpoint_seed(folder + "/checkpoint/" + std::to_string(kind), kind);
}
