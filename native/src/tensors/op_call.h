// Any ATen operator by name, through libtorch's dispatcher.
#pragma once

#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

namespace neuralode {

/// Calls `name` ("aten::add") with `overload` ("Tensor" or ""). Arguments are positional and converted to what the schema asks
/// for where that loses nothing (an int to a Scalar, float or dtype; a string to a device; a list's element type; none to an
/// optional); those left out take the schema's defaults. Returns the results. Throws invalid_argument naming the operator,
/// the argument and the type it wants.
std::vector<c10::IValue> call_operator(const std::string& name, const std::string& overload, std::vector<c10::IValue> arguments);

}  // namespace neuralode
