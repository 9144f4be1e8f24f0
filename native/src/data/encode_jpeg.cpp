#include "data/encode_jpeg.h"

#include <turbojpeg.h>

#include <memory>

#include "core/error.h"

namespace neuralode::data {

std::vector<std::uint8_t> encode_jpeg(const PixelView& pixels, int quality) {
  const std::unique_ptr<void, int (*)(tjhandle)> handle(tjInitCompress(), tjDestroy);
  if (!handle) fail(Status::out_of_memory, "a JPEG encoder cannot be made: ", tjGetErrorStr2(nullptr));
  std::vector<std::uint8_t> file(tjBufSize(pixels.width, pixels.height, TJSAMP_420));
  auto bytes = static_cast<unsigned long>(file.size());
  unsigned char* data = file.data();
  if (tjCompress2(handle.get(), pixels.rgb, pixels.width, 0, pixels.height, TJPF_RGB, &data, &bytes, TJSAMP_420, quality,
                  TJFLAG_NOREALLOC) != 0) {
    fail(Status::runtime_error, "a JPEG image of ", pixels.width, " x ", pixels.height,
         " pixels cannot be made: ", tjGetErrorStr2(handle.get()));
  }
  file.resize(bytes);
  return file;
}

}  // namespace neuralode::data
