// Whether the tests that need a GPU can run.
#pragma once

#include <ATen/Context.h>

namespace neuralode::testing {

inline bool has_gpu() { return at::hasCUDA() && at::detail::getCUDAHooks().getNumGPUs() > 0; }

constexpr const char* needs_a_gpu = "needs a GPU: this libtorch or this machine has none";

}  // namespace neuralode::testing
