#include "tensors/device.h"

#include <ATen/Context.h>

#include <algorithm>

#include "core/error.h"

namespace neuralode {

namespace {

constexpr std::size_t most_digits = 2;  // libtorch's index is 8 bits

bool is_index(const std::string& text) {
  return !text.empty() && text.size() <= most_digits && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

c10::Device usable_device(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  const std::string gpu = "cuda";
  const bool indexed = name.compare(0, gpu.size() + 1, gpu + ":") == 0 && is_index(name.substr(gpu.size() + 1));
  require(name == gpu || indexed, "device: '", name, "' is not known; give cpu, cuda:0 or another GPU's number");
  const int index = indexed ? std::stoi(name.substr(gpu.size() + 1)) : 0;
  if (!at::hasCUDA())
    fail(Status::unsupported, "device: '", name,
         "' needs a GPU that libtorch can use, and there is none; use cpu, or build with a CUDA libtorch on a machine with a GPU");
  const int gpus = at::detail::getCUDAHooks().getNumGPUs();
  if (index >= gpus)
    fail(Status::unsupported, "device: '", name, "' is not here: this machine has ", gpus,
         " GPU(s), numbered from 0; use one of those, or cpu");
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace neuralode
