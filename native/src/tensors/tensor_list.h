// A list of tensors: the state of an ODE, its velocity, its cotangent. One tensor is a list of one.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace neuralode {

using TensorList = std::vector<at::Tensor>;

}  // namespace neuralode
