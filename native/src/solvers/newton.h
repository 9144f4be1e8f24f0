// Options of the equations that implicit steps solve.
#pragma once

#include <cstdint>

namespace neuralode {

/// 0 everywhere: chosen. See neuralode_solve_options.
struct NewtonOptions {
  double tolerance = 0;
  std::int64_t dense_limit = 0;
  std::int32_t max_iterations = 0;
  std::int32_t krylov_dimension = 0;
};

}  // namespace neuralode
