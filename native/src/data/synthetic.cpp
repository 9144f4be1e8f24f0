#include "data/synthetic.h"

#include <atomic>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/error.h"
#include "data/encode_jpeg.h"
#include "data/shapes.h"

namespace neuralode::data {

namespace fs = std::filesystem;

namespace {

constexpr const char* kMarker = "synthetic.txt";
constexpr std::int64_t kClasses = static_cast<std::int64_t>(kShapeNames.size());

/// The first line is the version of the rendering: raise it when other pixels come out.
std::string marker_text(const SyntheticOptions& options) {
  return text_of("neuralode synthetic images, version 1\nimage_size ", options.image_size, "\ntrain_per_class ", options.train_per_class,
                 "\ntest_per_class ", options.test_per_class, "\nquality ", options.quality, "\nseed ", options.seed, "\n");
}

void write_file(const fs::path& path, const char* data, std::size_t bytes) {
  std::ofstream stream(path, std::ios::binary);
  stream.write(data, static_cast<std::streamsize>(bytes));
  stream.close();
  if (!stream) fail(Status::io_error, path.string(), ": cannot be written; is the disk full or the folder read-only?");
}

/// Text of the marker in `folder`; empty when there is none.
std::string read_marker(const fs::path& folder) {
  std::ifstream stream(folder / kMarker, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Throws unless `folder` is absent or empty.
void require_free(const fs::path& folder, const std::string& marker) {
  if (!fs::exists(folder) || (fs::is_directory(folder) && fs::is_empty(folder))) return;
  const std::string found = read_marker(folder);
  if (found.empty()) fail(Status::io_error, folder.string(), ": holds something else; give a new or empty folder");
  fail(Status::io_error, folder.string(), ": holds synthetic images made with other options; remove it or give another folder.\nThere:\n",
       found, "Asked for:\n", marker);
}

/// One of all images: those of train, class by class, then those of test.
void write_image(const fs::path& root, const SyntheticOptions& options, std::int64_t index) {
  const bool is_train = index < kClasses * options.train_per_class;
  const std::int64_t within = is_train ? index : index - kClasses * options.train_per_class;
  const std::int64_t per_class = is_train ? options.train_per_class : options.test_per_class;
  const auto shape = static_cast<int>(within / per_class);
  Random random(options.seed, is_train ? 0 : 1, static_cast<std::uint64_t>(within % per_class * kClasses + shape));
  const std::vector<std::uint8_t> rgb = render_shape(shape, options.image_size, random);
  const std::vector<std::uint8_t> file = encode_jpeg({rgb.data(), options.image_size, options.image_size}, options.quality);
  char name[32];
  std::snprintf(name, sizeof(name), "%05d.jpg", static_cast<int>(within % per_class));
  write_file(root / (is_train ? "train" : "test") / kShapeNames[static_cast<std::size_t>(shape)] / name,
             reinterpret_cast<const char*>(file.data()), file.size());
}

/// Every image, shared out to options.threads threads; the first failure stops them and is thrown.
void write_images(const fs::path& root, const SyntheticOptions& options) {
  const std::int64_t count = kClasses * (options.train_per_class + options.test_per_class);
  std::atomic<std::int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (std::int64_t i = next++; i < count; i = next++) write_image(root, options, i);
    } catch (...) {
      next = count;
      const std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < options.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

/// `root` without a trailing slash, so that a sibling's name can be made from it.
fs::path folder_of(const std::string& root) {
  const fs::path path = fs::absolute(root).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

void write_all(const fs::path& folder, const SyntheticOptions& options) {
  const std::string marker = marker_text(options);
  if (read_marker(folder) == marker) return;
  require_free(folder, marker);
  fs::path partial = folder;
  partial += ".partial";
  if (fs::exists(partial) && !fs::is_empty(partial) && read_marker(partial).empty()) require_free(partial, marker);
  fs::remove_all(partial);
  fs::create_directories(partial);
  write_file(partial / kMarker, marker.data(), marker.size());  // first, so that a later call knows what this is
  for (const char* split : {"train", "test"}) {
    for (const char* name : kShapeNames) fs::create_directories(partial / split / name);
  }
  write_images(partial, options);
  fs::remove(folder);  // empty or absent
  fs::rename(partial, folder);
}

}  // namespace

void write_synthetic(const std::string& root, const SyntheticOptions& options) {
  try {
    write_all(folder_of(root), options);
  } catch (const fs::filesystem_error& error) {
    fail(Status::io_error, error.path1().string(), ": ", error.code().message());
  }
}

}  // namespace neuralode::data
