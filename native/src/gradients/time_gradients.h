// Derivatives to the times of a solve, summed over the steps of a reverse sweep. docs/method.md.
#pragma once

#include <vector>

#include "solvers/sweeps.h"

namespace neuralode {

/// In the order t0, landing 0, landing 1, ....
struct TimeGradients {
  explicit TimeGradients(std::size_t landings) : values(landings + 1) {}
  std::vector<double> values;

  /// Adds a step of the segment that ends at landing `segment`. Its start keeps its distance to the segment's start; its length is
  /// constant unless it is the last, which ends at the landing time itself.
  void add(std::size_t segment, bool last, const CotangentSweep::TimeCotangents& cotangents) {
    values[segment] += cotangents.start;
    if (!last) return;
    values[segment] -= cotangents.h;
    values[segment + 1] += cotangents.h;
  }

  /// The same of each sample's trial in a round. cotangents: one a sample.
  void add(const SampleRound& round, const std::vector<CotangentSweep::TimeCotangents>& cotangents) {
    for (std::size_t b = 0; b < cotangents.size(); ++b)
      add(static_cast<std::size_t>(round.trials[b].landing), round.trials[b].lands, cotangents[b]);
  }
};

}  // namespace neuralode
