#include "gradients/solve.h"

#include "core/error.h"
#include "gradients/backprop.h"
#include "gradients/mali.h"
#include "solvers/alf.h"
#include "solvers/alf_kernels.h"

namespace neuralode {

void check(const SolveOptions& options) {
  if (options.solver != SolverKind::alf)
    fail(Status::unsupported, "solver: ", static_cast<int>(options.solver), " is not supported; this version has alf (0)");
  const auto gradient = static_cast<int>(options.gradient);
  if (gradient < 0 || gradient > 2)
    fail(Status::unsupported, "gradient: ", gradient, " is not supported; this version has mali (0), backprop (1) and none (2)");
  check(options.steps);
  check_eta(options.eta);
}

Solution solve(const Problem& problem) {
  check(problem.options);
  check_supported(problem.z0);
  switch (problem.options.gradient) {
    case GradientKind::backprop: return solve_backprop(problem);
    case GradientKind::none: {
      const at::NoGradGuard not_recording;
      return solve_mali(problem);
    }
    default: return solve_mali(problem);
  }
}

}  // namespace neuralode
