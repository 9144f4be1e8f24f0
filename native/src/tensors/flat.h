// Lists of tensors as one vector, for linear algebra.
#pragma once

#include "tensors/tensor_list.h"

namespace neuralode {

/// All elements, one tensor after the other, in a new vector: (n,), float32 for half types, else of their dtype.
at::Tensor flat(const TensorList& tensors);

/// The parts of `vector` with the shapes, strides and dtypes of `like`.
TensorList unflat(const at::Tensor& vector, const TensorList& like);

}  // namespace neuralode
