// What two solves of the same dynamics must have in common for their sweeps to queue the same kernels.
#pragma once

#include <string>

#include "gradients/sweep.h"

namespace neuralode::cuda {

/// Bytes that differ where anything that a recorded sweep depends on does: options, times, shapes, strides and dtype of the state, modes,
/// autocast, libtorch's switches, and where the parameters and buffers lie.
std::string graph_key(const Sweep& sweep);

}  // namespace neuralode::cuda
