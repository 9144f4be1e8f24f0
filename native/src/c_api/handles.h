// What the opaque handles are, and the checks every entry makes before it looks inside one.
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "core/error.h"
#include "neuralode/tensor.h"

namespace neuralode::c_api {

/// Handles alive, for neuralode_live_objects.
struct LiveCounts {
  std::atomic<std::int64_t> tensors{0};
  std::atomic<std::int64_t> others{0};
};
LiveCounts& live_counts();

/// Base of every neuralode_x_t: counts itself.
struct Counted {
  Counted() { ++live_counts().others; }
  ~Counted() { --live_counts().others; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
};

/// `value` as given to the argument `name`, which must not be null.
template <class Pointer>
Pointer not_null(Pointer value, const char* name) {
  require(value != nullptr, name, " is null");
  return value;
}

/// The tensor behind the argument `name`; throws when it is null or undefined.
const at::Tensor& tensor_of(neuralode_tensor handle, const char* name);
/// As tensor_of, but a null handle gives an undefined tensor.
at::Tensor tensor_or_undefined(neuralode_tensor handle);
/// A new handle; null for an undefined tensor.
neuralode_tensor handle_of(at::Tensor tensor);
/// What an owned handle holds; the handle is gone after. Undefined for null.
at::Tensor taken_tensor(neuralode_tensor handle);
std::vector<at::Tensor> tensors_of(const neuralode_tensor* handles, std::int64_t count, const char* name);
/// Writes one owned handle a tensor to `out`, all or none.
void write_handles(const std::vector<at::Tensor>& tensors, neuralode_tensor* out);

/// Defaults overlaid with the first options->struct_size bytes of what the caller gave; null gives the defaults.
template <class Options>
Options read_options(const Options* options, neuralode_status (*init)(Options*)) {
  Options result;
  init(&result);
  if (options == nullptr) return result;
  require(options->struct_size >= sizeof(std::uint32_t) && options->struct_size <= sizeof(Options),
          "options.struct_size: ", options->struct_size, " is not in [4, ", sizeof(Options),
          "]; fill the struct with its _init function, and build against this library's headers");
  std::memcpy(&result, options, options->struct_size);
  result.struct_size = sizeof(Options);
  return result;
}

}  // namespace neuralode::c_api
