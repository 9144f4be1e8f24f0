// The collection behind neuralode_tensor_map.
#pragma once

#include "c_api/handles.h"
#include "tensors/safetensors.h"

struct neuralode_tensor_map_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::tensor_map;
  neuralode::NamedTensors entries;
};

namespace neuralode::c_api {

/// A new map with shares of `entries`.
neuralode_tensor_map map_of(NamedTensors entries);

}  // namespace neuralode::c_api
