// Whether the tests that need a GPU can run.
#pragma once

#include "tensors/gpu.h"

namespace neuralode::testing {

inline bool has_gpu() { return gpu::count() > 0; }

inline std::string needs_a_gpu() { return "needs a GPU: " + gpu::absence(); }

}  // namespace neuralode::testing
