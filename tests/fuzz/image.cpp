// neuralode_image_read of any file: the first byte chooses the size to crop to, the rest is the file.
#include <algorithm>
#include <cmath>
#include <vector>

#include "input.h"

namespace {

using namespace neuralode::fuzz;

constexpr std::int64_t sizes[] = {1, 7, 16, 32, 224};

/// A file of a few bytes may announce 2^27 pixels, which the header allows and which take seconds: not what is looked for here.
bool is_small(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most = std::size_t{1} << 20;
  const auto at = [&](std::size_t i) { return std::size_t{data[i]} << 8 | data[i + 1]; };
  if (size >= 24 && data[0] == 0x89) return std::max(at(16), at(20)) == 0 && at(18) * at(22) <= most;
  for (std::size_t i = 0; i + 8 < size; ++i)
    if (data[i] == 0xFF && data[i + 1] >= 0xC0 && data[i + 1] <= 0xCF && at(i + 5) * at(i + 7) > most) return false;
  return true;
}

void read(const std::string& path, std::int64_t image_size) {
  neuralode_tensor image = nullptr;
  const auto status = neuralode_image_read(path.c_str(), image_size, &image);
  if (!succeeded(status)) {
    expect(status == NEURALODE_IO_ERROR || status == NEURALODE_OUT_OF_MEMORY, "a broken image is no IO_ERROR");
    expect(image == nullptr, "an output of a failed call was written");
    return;
  }
  std::vector<float> pixels(static_cast<std::size_t>(3 * image_size * image_size));
  expect(succeeded(neuralode_tensor_read(image, pixels.data(), static_cast<std::int64_t>(pixels.size() * sizeof(float)))), "no pixels");
  for (const float pixel : pixels) expect(pixel >= -0.001F && pixel <= 1.001F, "a pixel outside [0, 1]");
  neuralode_tensor_destroy(image);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || !is_small(data + 1, size - 1)) return -1;
  const Alive before;
  read(File(data + 1, size - 1).path(), sizes[data[0] % std::size(sizes)]);
  expect_no_leak(before);
  return 0;
}
