// Failures of a solve as values, for those who asked for them.
#pragma once

#include "core/error.h"
#include "gradients/solve.h"

namespace neuralode {

/// Runs `body`. Where it throws step_limit, step_size_underflow, non_finite, lattice_overflow, no_convergence or cancelled and
/// options.failure is value, `outcome` gets status and text instead, and the result is false.
template <class Body>
bool succeeds(const SolveOptions& options, Outcome& outcome, const Body& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    const auto status = error.status();
    const bool of_a_solve = status == Status::step_limit || status == Status::step_size_underflow || status == Status::non_finite ||
                            status == Status::lattice_overflow || status == Status::no_convergence || status == Status::cancelled;
    if (options.failure == FailureKind::error || !of_a_solve) throw;
    outcome.status = status;
    outcome.text = error.what();
    return false;
  }
}

}  // namespace neuralode
