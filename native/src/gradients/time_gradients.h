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
    double& start = values[segment];
    double& end = values[segment + 1];
    start += cotangents.start;
    if (!last) return;
    start -= cotangents.h;
    end += cotangents.h;
  }
};

}  // namespace neuralode
