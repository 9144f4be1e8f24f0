#include "solvers/solver_state.h"

#include "tensors/layout.h"

namespace neuralode {

SolverState copy_of(const SolverState& state) {
  SolverState copy;
  for (const auto& z : state.z) copy.z.push_back(dense_copy(z));
  for (const auto& v : state.v) copy.v.push_back(dense_copy(v));
  for (const auto& stage : state.stages) copy.stages.push_back(dense_copy(stage));
  return copy;
}

std::int64_t bytes_of(const SolverState& state) {
  std::int64_t bytes = 0;
  for (const auto* part : {&state.z, &state.v, &state.stages})
    for (const auto& tensor : *part) bytes += static_cast<std::int64_t>(tensor.nbytes());
  return bytes;
}

}  // namespace neuralode
