// Options of a solve as keyword arguments of an operator.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include "gradients/solve.h"

namespace neuralode::torch_ops {

/// The keyword arguments, as a schema says them: "str? solver=None, ...". One that is None has the library's default; where gradient is
/// left out it is usual_gradient of the solver.
const std::string& option_schema();

/// From the arguments of a call, in the schema's order; those that are no options are passed over. Throws what check(SolveOptions) throws.
SolveOptions read_options(const c10::FunctionSchema& schema, c10::ArrayRef<c10::IValue> arguments);

/// The fields of neuralode_solve_options that have these values, by name, struct_size aside.
c10::Dict<std::string, double> abi_fields_of(const SolveOptions& options);

}  // namespace neuralode::torch_ops
