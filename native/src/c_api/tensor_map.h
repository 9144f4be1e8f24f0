// The collection behind neuralode_tensor_map.
#pragma once

#include <set>
#include <string>

#include "c_api/handles.h"
#include "tensors/safetensors.h"

struct neuralode_tensor_map_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::tensor_map;
  neuralode::NamedTensors entries;
  std::set<std::string> lent;  ///< names given out: they must not move when an entry is added
};

namespace neuralode::c_api {

/// A new map with shares of `entries`.
neuralode_tensor_map map_of(NamedTensors entries);

}  // namespace neuralode::c_api
