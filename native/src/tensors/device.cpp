#include "tensors/device.h"

#include <algorithm>

#include "core/error.h"
#include "tensors/gpu.h"

namespace neuralode {

namespace {

constexpr std::size_t most_digits = 2;  // libtorch's index is 8 bits

bool is_index(const std::string& text) {
  return !text.empty() && text.size() <= most_digits && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

c10::Device usable_device(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  const std::string first = "cuda";
  const bool indexed = name.compare(0, first.size() + 1, first + ":") == 0 && is_index(name.substr(first.size() + 1));
  require(name == first || indexed, "device: '", name, "' is not known; give cpu, cuda:0 or another GPU's number");
  const int index = indexed ? std::stoi(name.substr(first.size() + 1)) : 0;
  const int gpus = gpu::count();
  if (gpus == 0) fail(Status::unsupported, "device: '", name, "' cannot be had: ", gpu::absence(), "; or use cpu");
  if (index >= gpus)
    fail(Status::unsupported, "device: '", name, "' is not here: this machine has ", gpus,
         " GPU(s), numbered from 0; use one of those, or cpu");
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace neuralode
