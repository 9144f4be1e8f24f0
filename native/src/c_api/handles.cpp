#include "c_api/handles.h"

#include <ATen/ATen.h>

namespace neuralode::c_api {

LiveCounts& live_counts() {
  static LiveCounts counts;
  return counts;
}

const at::Tensor& tensor_of(neuralode_tensor handle, const char* name) {
  const auto& tensor = *reinterpret_cast<const at::Tensor*>(not_null(handle, name));
  require(tensor.defined(), name, " is an undefined tensor");
  return tensor;
}

at::Tensor tensor_or_undefined(neuralode_tensor handle) {
  return handle == nullptr ? at::Tensor() : *reinterpret_cast<const at::Tensor*>(handle);
}

neuralode_tensor handle_of(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  auto* handle = reinterpret_cast<neuralode_tensor>(new at::Tensor(std::move(tensor)));
  ++live_counts().tensors;
  return handle;
}

at::Tensor taken_tensor(neuralode_tensor handle) {
  if (handle == nullptr) return {};
  const std::unique_ptr<at::Tensor> owned(reinterpret_cast<at::Tensor*>(handle));
  --live_counts().tensors;
  return std::move(*owned);
}

std::vector<at::Tensor> tensors_of(const neuralode_tensor* handles, std::int64_t count, const char* name) {
  require(count >= 0, name, ": the count ", count, " is negative");
  if (count > 0) not_null(handles, name);
  std::vector<at::Tensor> result;
  result.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back(tensor_or_undefined(handles[i]));
    require(result.back().defined(), name, "[", i, "] is null or an undefined tensor");
  }
  return result;
}

void write_handles(const std::vector<at::Tensor>& tensors, neuralode_tensor* out) {
  std::vector<std::unique_ptr<at::Tensor>> made;
  for (const auto& tensor : tensors) made.push_back(tensor.defined() ? std::make_unique<at::Tensor>(tensor) : nullptr);
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i]) ++live_counts().tensors;
    out[i] = reinterpret_cast<neuralode_tensor>(made[i].release());
  }
}

}  // namespace neuralode::c_api
