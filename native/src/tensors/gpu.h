// Whether kernels for GPUs are part of this build, and whether there is a GPU to run them.
#pragma once

#include <cstdint>
#include <string>

#include "tensors/tensor_list.h"

namespace neuralode::gpu {

#if defined(NEURALODE_CUDA)
constexpr bool built = true;
#else
constexpr bool built = false;
#endif

/// GPUs that this build can use; 0 where it has no CUDA, or the machine no driver or no GPU.
int count();

/// Why count() is 0, and what to do about it: no sentence, to follow a colon. "" where it is not 0.
std::string absence();

/// Adds the bytes of tensors alive on every GPU that was used, and their peaks.
void add_memory(std::int64_t& live_bytes, std::int64_t& peak_bytes);
void reset_memory_peak();

/// Waits for everything queued on the current streams of the GPUs that were used.
void synchronize();

/// Whether the tensors are a GPU's; they are all of one device.
inline bool holds(const TensorList& tensors) { return built && !tensors.empty() && tensors[0].is_cuda(); }

}  // namespace neuralode::gpu
