// What the opaque handles are, and the checks every entry makes before it looks inside one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstring>
#include <memory>
#include <vector>

#include "c_api/handle_table.h"
#include "core/error.h"
#include "neuralode/tensor.h"

namespace neuralode::c_api {

/// Tensor handles made here and not destroyed here, for neuralode_live_objects.
std::int64_t live_tensors();

/// `value` as given to the argument `name`, which must not be null.
template <class Pointer>
Pointer not_null(Pointer value, const char* name) {
  require(value != nullptr, name, " is null");
  return value;
}

/// The tensor behind the argument `name`; throws when it is null or undefined.
const at::Tensor& tensor_of(neuralode_tensor handle, const char* name);
/// As tensor_of, but a null handle gives an undefined tensor.
at::Tensor tensor_or_undefined(neuralode_tensor handle, const char* name = "tensor");
/// A new handle; null for an undefined tensor.
neuralode_tensor handle_of(at::Tensor tensor);
/// Someone else deletes what the handle points to.
void disown(neuralode_tensor handle);
/// What an owned handle holds; the handle is gone after. Undefined for null.
at::Tensor taken_tensor(neuralode_tensor handle);
std::vector<at::Tensor> tensors_of(const neuralode_tensor* handles, std::int64_t count, const char* name);
/// Writes one owned handle a tensor to `out`, all or none.
void write_handles(const std::vector<at::Tensor>& tensors, neuralode_tensor* out);

/// A struct that this library fills goes to a program whose headers may be older and know less of it.
template <class Struct>
void require_struct(std::uint32_t struct_size, const Struct* out, const char* name) {
  not_null(out, name);
  require(struct_size >= sizeof(std::uint32_t) && struct_size <= sizeof(Struct), "struct_size: ", struct_size, " is not in [4, ",
          sizeof(Struct), "]; give sizeof of the struct, and build against this library's headers");
}

/// Writes the first struct_size bytes of `value`.
template <class Struct>
void write_struct(const Struct& value, std::uint32_t struct_size, Struct* out, const char* name) {
  require_struct(struct_size, out, name);
  std::memcpy(static_cast<void*>(out), &value, struct_size);
}

/// write_struct for what an _init function gives: its struct_size says how much of it there is.
template <class Options>
void write_options(Options value, std::uint32_t struct_size, Options* out_options) {
  value.struct_size = struct_size;
  write_struct(value, struct_size, out_options, "out_options");
}

/// Defaults overlaid with the first options->struct_size bytes of what the caller gave; null gives the defaults.
template <class Options>
Options read_options(const Options* options, neuralode_status (*init)(std::uint32_t, Options*)) {
  Options result;
  init(sizeof(Options), &result);
  if (options == nullptr) return result;
  require(options->struct_size >= sizeof(std::uint32_t) && options->struct_size <= sizeof(Options),
          "options.struct_size: ", options->struct_size, " is not in [4, ", sizeof(Options),
          "]; fill the struct with its _init function, and build against this library's headers");
  std::memcpy(&result, options, options->struct_size);
  result.struct_size = sizeof(Options);
  return result;
}

}  // namespace neuralode::c_api
