// What users call solvers, gradient methods and the other choices: one list for every language.
#pragma once

#include <string>

#include "gradients/solve.h"

namespace neuralode {

// Each throws unsupported, listing the names that there are.
SolverKind solver_named(const std::string& name);
GradientKind gradient_named(const std::string& name);
ControllerKind controller_named(const std::string& name);
ReversalKind reversal_named(const std::string& name);
FailureKind failure_named(const std::string& name);
GraphKind graphs_named(const std::string& name);

/// "none", "auto" or a number of steps from 1: sets options.snapshots and options.snapshot_interval. Throws unsupported.
void set_snapshot_interval(SolveOptions& options, const std::string& text);

/// Where only a solver is named: the one with constant memory for alf, pnode for the others.
GradientKind usual_gradient(SolverKind solver);

}  // namespace neuralode
