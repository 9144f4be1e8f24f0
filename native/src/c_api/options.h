// The ABI's option structs as the library's.
#pragma once

#include "gradients/solve.h"
#include "neuralode/solve.h"

namespace neuralode::c_api {

/// Defaults where null. Throws invalid_argument naming the option that is out of range.
SolveOptions solve_options_of(const neuralode_solve_options* options);

/// What neuralode_solution_statistics and neuralode_model_statistics report.
neuralode_statistics statistics_of(const Statistics& statistics);

}  // namespace neuralode::c_api
