// Devices by name.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace neuralode {

/// "cpu", or "cuda:0" and so on ("cuda" is the first GPU). Throws invalid_argument for another text, unsupported for a GPU that this build
/// or this machine has not.
c10::Device usable_device(const std::string& name);

}  // namespace neuralode
