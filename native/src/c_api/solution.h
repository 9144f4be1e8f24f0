// What is behind neuralode_solution, and what a solve through the ABI starts from.
#pragma once

#include "c_api/handles.h"
#include "gradients/solve.h"
#include "neuralode/solve.h"

struct neuralode_solution_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::solution;
  neuralode::Solution value;
  at::Tensor event_time;  ///< undefined where no event ended the solve
  std::string text;       ///< what neuralode_solution_status lent out last
  std::string graph_forward, graph_backward;  ///< the same of neuralode_solution_graphs
};

namespace neuralode::c_api {

/// The arguments of neuralode_solve. Throws invalid_argument naming the one that does not fit.
Problem problem_of(neuralode_dynamics dynamics, const neuralode_tensor* z0, std::int64_t count, neuralode_tensor t0, neuralode_tensor t1,
                   neuralode_tensor t_eval, const neuralode_solve_options* options);

}  // namespace neuralode::c_api
