#include "data/decode.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "data/decode_png.h"

namespace neuralode::data {

namespace {

constexpr std::size_t kFirstBuffer = std::size_t{64} << 10;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// Runs `read`, putting the path before the reason of an Error.
template <class Read>
auto with_path(const std::string& path, Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    fail(error.status(), path, ": ", error.what());
  }
}

}  // namespace

void ImageDecoder::read_file() {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path_.c_str(), "rb"));
  if (!file) fail(Status::io_error, "cannot be opened: ", std::strerror(errno));
  std::setvbuf(file.get(), nullptr, _IONBF, 0);  // straight into file_
  if (file_.empty()) file_.resize(kFirstBuffer);
  bytes_ = 0;
  for (;;) {
    const std::size_t got = std::fread(file_.data() + bytes_, 1, file_.size() - bytes_, file.get());
    bytes_ += got;
    if (bytes_ < file_.size()) break;
    file_.resize(2 * file_.size());
  }
  if (std::ferror(file.get()) != 0) fail(Status::io_error, "cannot be read: ", std::strerror(errno));
}

ImageDecoder::Format ImageDecoder::recognize() const {
  const std::uint8_t* data = file_.data();
  if (bytes_ == 0) fail(Status::io_error, "is empty");
  if (bytes_ >= 3 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF) return Format::jpeg;
  if (bytes_ >= 8 && std::memcmp(data, "\x89PNG\r\n\x1A\n", 8) == 0) return Format::png;
  fail(Status::io_error, "is neither a JPEG nor a PNG file");
}

ImageSize ImageDecoder::open(const char* path) {
  path_ = path;
  return with_path(path_, [this] {
    read_file();
    format_ = recognize();
    const ImageSize size = format_ == Format::jpeg ? jpeg_.read_size(file_.data(), bytes_) : read_png_size(file_.data(), bytes_);
    const std::int64_t pixels = std::int64_t{size.width} * size.height;
    if (pixels > kMostPixels) {
      fail(Status::io_error, "has ", size.width, " x ", size.height, " pixels, more than the ", kMostPixels,
           " that are decoded; make it smaller or remove it");
    }
    return size;
  });
}

PixelView ImageDecoder::decode(double least_scale, double& out_scale) {
  return with_path(path_, [&] {
    if (format_ == Format::jpeg) return jpeg_.decode(file_.data(), bytes_, least_scale, rgb_, out_scale);
    out_scale = 1.0;
    return decode_png(file_.data(), bytes_, rgb_);
  });
}

}  // namespace neuralode::data
