// Files that are either whole or not there.
#pragma once

#include <string>

namespace neuralode {

/// Writes `bytes` to `path` through a temporary file beside it: write, fsync, rename, fsync of the folder. After a failure or
/// a kill at any moment `path` holds what it held before. Throws io_error with the path and the system's reason.
void write_atomically(const std::string& path, const std::string& bytes);

/// The whole file. Throws io_error with the path and the system's reason.
std::string read_file(const std::string& path);

}  // namespace neuralode
