// Errors with a status and a text that names the argument, the value and the remedy.
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>

namespace neuralode {

/// Values are those of neuralode_status_code in neuralode/status.h; a test holds the two together.
enum class Status : std::int32_t {
  ok = 0,
  invalid_argument = 1,
  runtime_error = 2,
  out_of_memory = 3,
  io_error = 4,
  callback_failed = 5,
  unsupported = 6,
  step_size_underflow = 7,
  step_limit = 8,
  non_finite = 9,
  unknown_error = 10,
  lattice_overflow = 11,
  drift = 12,
  no_convergence = 13,
  cancelled = 14,
};

/// Derives from std::runtime_error because TorchSharp catches nothing else out of an operator's body.
class Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& text) : std::runtime_error(text), status_(status) {}
  Status status() const { return status_; }

 private:
  Status status_;
};

/// All parts, as operator<< writes them, joined.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

template <class... Parts>
[[noreturn]] void fail(Status status, const Parts&... parts) {
  throw Error(status, text_of(parts...));
}

/// Throws invalid_argument unless `condition` holds.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) fail(Status::invalid_argument, parts...);
}

}  // namespace neuralode
