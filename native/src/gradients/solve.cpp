#include "gradients/solve.h"

#include "gradients/autograd_node.h"
#include "gradients/backprop.h"
#include "solvers/alf_kernels.h"

namespace neuralode {

Solution solve(const Problem& problem) {
  check(problem.options);
  check_supported(problem.z0);
  switch (problem.options.gradient) {
    case GradientKind::backprop:
      return solve_backprop(problem);
    case GradientKind::none: {
      const at::NoGradGuard not_recording;
      return solve_with_node(problem);
    }
    default:
      return solve_with_node(problem);
  }
}

}  // namespace neuralode
