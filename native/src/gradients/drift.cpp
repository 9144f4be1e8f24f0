#include "gradients/drift.h"

#include "core/error.h"

namespace neuralode {

namespace {

/// What the solver itself can do about drift.
std::string remedy(const SolveOptions& options) {
  if (options.solver == SolverKind::alf && options.eta == 1) return "reverse exactly, ";
  if (options.solver == SolverKind::alf) return text_of("reverse exactly (eta = 1), bring eta = ", options.eta, " closer to 1, ");
  if (coupling_of(options) > 0) return text_of("bring coupling = ", coupling_of(options), " closer to 1, use shorter steps, ");
  return "use shorter steps, ";
}

}  // namespace

void report_drift(Sweep& sweep, double worst, bool exact) {
  auto& outcome = *sweep.outcome;
  outcome.status = Status::ok;
  outcome.text.clear();
  if (exact && worst > 0)
    outcome.text = text_of("the exact reverse sweep came back off by ", worst,
                           " (relative): f gave another result for the same t and z than in "
                           "the forward sweep; make it deterministic (threads, atomics, outside state)");
  if (!(worst > sweep.drift_tolerance)) return;
  outcome.status = Status::drift;
  if (!exact)
    outcome.text = text_of("drift: the reverse sweep's states are off by ", worst,
                           " (relative), beyond drift_tolerance = ", sweep.drift_tolerance,
                           ", and the gradients with them; set snapshots to automatic, keep more of them, ", remedy(sweep.options),
                           "or allow it with a larger drift_tolerance");
  if (sweep.options.failure == FailureKind::error) fail(Status::drift, outcome.text);
}

}  // namespace neuralode
