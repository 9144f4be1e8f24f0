// What a solver carries from step to step.
#pragma once

#include "tensors/tensor_list.h"

namespace neuralode {

/// z of one time and, where the solver has one, its hidden state (ALF's v, the companion of a coupled z; reversible Heun has two tensors a
/// tensor of z; empty for plain Runge-Kutta methods), as the solver represents them: tensors of z0's shapes and strides.
struct SolverState {
  TensorList z, v;
  TensorList stages = {};  ///< of the step that starts here, where they are kept: what its equations were solved for
};

SolverState copy_of(const SolverState& state);
std::int64_t bytes_of(const SolverState& state);

}  // namespace neuralode
