// What the fuzz targets share: a file that holds a target's input, and what a finding is besides a crash.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "neuralode/neuralode.h"

namespace neuralode::fuzz {

/// A file in memory alone.
class File {
 public:
  File(const void* data, std::size_t size) : descriptor_(::memfd_create("input", 0)) {
    std::size_t written = 0;
    while (written < size) {
      const auto count = ::write(descriptor_, static_cast<const char*>(data) + written, size - written);
      if (count <= 0) std::abort();
      written += static_cast<std::size_t>(count);
    }
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// A finding: an outcome that the headers rule out.
inline void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "FINDING: %s; last error: %s\n", what, neuralode_last_error());
  std::abort();
}

/// The status of a call that may fail: known, and with a text where it is a failure.
inline bool succeeded(neuralode_status status) {
  expect(status >= NEURALODE_OK && status <= NEURALODE_CANCELLED, "a status that is none of neuralode_status_code");
  expect(status == NEURALODE_OK || neuralode_last_error()[0] != '\0', "a failure without a text");
  return status == NEURALODE_OK;
}

/// Handles alive, of tensors and of others, to be the same before and after.
struct Alive {
  std::int64_t tensors = 0, others = 0;
  Alive() { neuralode_live_objects(&tensors, &others); }
};

inline void expect_no_leak(const Alive& before) {
  const Alive after;
  expect(after.tensors == before.tensors && after.others == before.others, "handles are left after everything was destroyed");
}

}  // namespace neuralode::fuzz
