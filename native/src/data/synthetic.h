// An image folder of rendered shapes, for demonstrations without a download.
#pragma once

#include <cstdint>
#include <string>

namespace neuralode::data {

struct SyntheticOptions {
  int image_size = 32;  // 16 or more
  std::int64_t train_per_class = 500;
  std::int64_t test_per_class = 100;
  int quality = 90;  // of the JPEG files, 1 to 100
  int threads = 1;
  std::uint64_t seed = 0;
};

/// Writes root/{train,test}/<class>/NNNNN.jpg and root/synthetic.txt, which says with what options. The same files for any number of
/// threads. Does nothing when root has them already; throws Error (io_error) when root holds anything else. Everything is written to
/// the folder "<root>.partial" and renamed at the end, so root is complete or absent; what an interrupted call left there is replaced.
/// Not for two processes and one root at a time.
void write_synthetic(const std::string& root, const SyntheticOptions& options);

}  // namespace neuralode::data
