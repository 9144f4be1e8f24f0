// Real image files, made on the spot, and folders that go away with the test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/pixels.h"

namespace neuralode::data::testing {

using Bytes = std::vector<std::uint8_t>;

/// An empty folder that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Owned pixels of `channels` bytes each.
struct Picture {
  int width = 0;
  int height = 0;
  int channels = 3;
  Bytes bytes;

  PixelView view() const { return {bytes.data(), width, height}; }
};

/// One colour everywhere; as many channels as `color` has.
Picture plain(int width, int height, const Bytes& color);
/// A smooth RGB picture: waves of several pixels' length whose phase is `seed`, so that every seed looks different.
Picture waves(int width, int height, int seed = 0);

/// 3 channels are RGB, 1 is grey, 4 is CMYK as Adobe writes it (255: no ink). chroma: 420 or 444 (3 channels only).
Bytes jpeg_file(const Picture& picture, int quality = 95, int chroma = 444);
/// color_type: PNG_COLOR_TYPE_*; bits: a channel, 1 to 16; bytes: the rows as PNG stores them. The palette is black, red, green, blue.
Bytes png_file(int width, int height, int color_type, int bits, const Bytes& rows, bool interlaced = false);

/// Writes the file and the folders above it.
void write_file(const std::string& path, const Bytes& bytes);
void write_file(const std::string& path, const std::string& text);
Bytes read_file(const std::string& path);
/// Path below `root` and content of every file, sorted.
std::vector<std::pair<std::string, Bytes>> files_below(const std::string& root);

/// root/train/<class>/<image> with `per_class` pictures of waves in each of `classes` classes named "a", "b", ...
void write_image_folder(const TemporaryFolder& root, int classes, int per_class, int width = 40, int height = 32);

/// The text of the Error of `status` that `body` throws; a failed expectation and "" otherwise.
std::string text_of_error(int status, const std::function<void()>& body);

}  // namespace neuralode::data::testing
