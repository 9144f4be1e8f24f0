#include "gradients/solve.h"

#include "gradients/autograd_node.h"
#include "gradients/backprop.h"
#include "solvers/alf_kernels.h"

namespace neuralode {

namespace {

/// observer: may be null.
ObservedSolution solve_with(const Problem& problem, const Observer* observer) {
  check(problem.options);
  check_supported(problem.z0);
  if (problem.options.per_sample && !problem.z0[0].is_cpu())
    fail(Status::unsupported, "per_sample: steps of each sample are made on the CPU alone, and z0 is on ", problem.z0[0].device(),
         "; set per_sample to 0, or move z0 and the dynamics to the CPU");
  if (observer != nullptr) check(problem.options, *observer);
  switch (problem.options.gradient) {
    case GradientKind::backprop:
      return solve_backprop(problem, observer);
    case GradientKind::none: {
      const at::NoGradGuard not_recording;
      return solve_with_node(problem, observer);
    }
    default:
      return solve_with_node(problem, observer);
  }
}

}  // namespace

Solution solve(const Problem& problem) { return solve_with(problem, nullptr).solution; }

ObservedSolution solve(const Problem& problem, const Observer& observer) { return solve_with(problem, &observer); }

}  // namespace neuralode
