#include "core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace neuralode {

namespace {

[[noreturn]] void fail_on(const std::string& path, const char* what) {
  fail(Status::io_error, path, ": cannot ", what, ": ", std::strerror(errno));
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

/// Removes the temporary file unless it was renamed.
struct Temporary {
  std::string path;
  bool renamed = false;
  ~Temporary() {
    if (!renamed) ::unlink(path.c_str());
  }
};

void write_all(int descriptor, const std::string& bytes, const std::string& path) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const auto count = ::write(descriptor, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on(path, "write");
    written += static_cast<std::size_t>(count);
  }
}

void sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));
  if (descriptor.get() >= 0) ::fsync(descriptor.get());  // some file systems refuse: the file itself is already safe
}

}  // namespace

void write_atomically(const std::string& path, const std::string& bytes) {
  std::string pattern = path + ".XXXXXX";
  Descriptor descriptor(::mkstemp(pattern.data()));
  if (descriptor.get() < 0) fail_on(path, "create a file in this folder");
  Temporary temporary{pattern};
  ::fchmod(descriptor.get(), 0644);
  write_all(descriptor.get(), bytes, path);
  if (::fsync(descriptor.get()) != 0) fail_on(path, "flush to the disk");
  if (::close(descriptor.release()) != 0) fail_on(path, "close");
  if (::rename(pattern.c_str(), path.c_str()) != 0) fail_on(path, "replace");
  temporary.renamed = true;
  sync_folder_of(path);
}

std::string read_file(const std::string& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) fail_on(path, "open");
  std::string bytes(std::size_t{1} << 16, '\0');
  for (std::size_t size = 0;;) {
    const auto count = ::read(descriptor.get(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on(path, "read");
    size += static_cast<std::size_t>(count);
    if (count == 0) bytes.resize(size);
    if (count == 0) return bytes;
    if (size == bytes.size()) bytes.resize(2 * size);
  }
}

}  // namespace neuralode
