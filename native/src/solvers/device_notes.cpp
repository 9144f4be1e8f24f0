#include "solvers/device_notes.h"

#include <ATen/ATen.h>

#include "tensors/gpu.h"

namespace neuralode {

DeviceNotes::DeviceNotes(c10::Device device) {
  if (gpu::built && device.is_cuda()) word_ = at::full({}, nothing, at::TensorOptions().dtype(at::kLong).device(device));
}

unsigned long long* DeviceNotes::word() const {
  return word_.defined() ? reinterpret_cast<unsigned long long*>(word_.data_ptr<std::int64_t>()) : nullptr;
}

std::optional<DeviceNotes::Finding> DeviceNotes::read() const {
  if (!word_.defined()) return std::nullopt;
  const auto code = word_.item<std::int64_t>();
  if (code == nothing) return std::nullopt;
  return Finding{code / 2 + of_z0, code % 2 == 0 ? StepResult::non_finite : StepResult::overflow};
}

}  // namespace neuralode
