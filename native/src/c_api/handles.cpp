#include "c_api/handles.h"

#include <ATen/ATen.h>

#include <atomic>

namespace neuralode::c_api {

namespace {

std::atomic<std::int64_t> tensors_alive{0};

/// What can be told of a pointer without following it: it is none of our other handles, and a tensor could lie there.
const at::Tensor& checked_tensor(neuralode_tensor handle, const char* name) {
  if (const char* kind = kind_of_handle(handle)) fail(Status::invalid_argument, name, " is a ", kind, "; give a neuralode_tensor");
  const auto address = std::uint64_t{reinterpret_cast<std::uintptr_t>(handle)};
  // A program's addresses have zeros in their highest byte, where our handles have their kind.
  require(address >> 56 == 0 && address % alignof(at::Tensor) == 0, name, ": ", handle, " is no tensor's address");
  return *reinterpret_cast<const at::Tensor*>(handle);
}

}  // namespace

std::int64_t live_tensors() { return tensors_alive; }

const at::Tensor& tensor_of(neuralode_tensor handle, const char* name) {
  const auto& tensor = checked_tensor(not_null(handle, name), name);
  require(tensor.defined(), name, " is an undefined tensor");
  return tensor;
}

at::Tensor tensor_or_undefined(neuralode_tensor handle, const char* name) {
  return handle == nullptr ? at::Tensor() : checked_tensor(handle, name);
}

neuralode_tensor handle_of(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  auto* handle = reinterpret_cast<neuralode_tensor>(new at::Tensor(std::move(tensor)));
  ++tensors_alive;
  return handle;
}

void disown(neuralode_tensor handle) {
  checked_tensor(handle, "tensor");
  --tensors_alive;
}

at::Tensor taken_tensor(neuralode_tensor handle) {
  if (handle == nullptr) return {};
  checked_tensor(handle, "tensor");
  const std::unique_ptr<at::Tensor> owned(reinterpret_cast<at::Tensor*>(handle));
  --tensors_alive;
  return std::move(*owned);
}

std::vector<at::Tensor> tensors_of(const neuralode_tensor* handles, std::int64_t count, const char* name) {
  require(count >= 0, name, ": the count ", count, " is negative");
  if (count > 0) not_null(handles, name);
  std::vector<at::Tensor> result;
  result.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back(tensor_or_undefined(handles[i], name));
    require(result.back().defined(), name, "[", i, "] is null or an undefined tensor");
  }
  return result;
}

void write_handles(const std::vector<at::Tensor>& tensors, neuralode_tensor* out) {
  std::vector<std::unique_ptr<at::Tensor>> made;
  for (const auto& tensor : tensors) made.push_back(tensor.defined() ? std::make_unique<at::Tensor>(tensor) : nullptr);
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i]) ++tensors_alive;
    out[i] = reinterpret_cast<neuralode_tensor>(made[i].release());
  }
}

}  // namespace neuralode::c_api
