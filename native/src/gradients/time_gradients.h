// Derivatives to the times of a solve, summed over the steps of a reverse sweep. docs/method.md.
#pragma once

#include <vector>

#include "gradients/landings.h"
#include "solvers/sweeps.h"

namespace neuralode {

struct TimeGradients {
  explicit TimeGradients(const Landings& landings) : values(landings.times.size() + 1), interpolated(landings.interpolated.size()) {}
  std::vector<double> values;        ///< in the order t0, landing 0, landing 1, ...
  std::vector<double> interpolated;  ///< of the times of landings.interpolated

  /// Adds a step of the segment that ends at landing `segment`. Its start keeps its distance to the segment's start; its length is
  /// constant unless it is the last, which ends at the landing time itself.
  void add(std::size_t segment, bool last, const CotangentSweep::TimeCotangents& cotangents) {
    values[segment] += cotangents.start;
    if (!last) return;
    values[segment] -= cotangents.h;
    values[segment + 1] += cotangents.h;
  }

  /// Adds a step, number `number`, of the segment that ends at landing `segment`. Its start keeps its distance to the segment's start; its
  /// length is constant unless it ends at the landing time itself. A state inside it is at theta = (its time - start) / length.
  void add(const Landings& landings, std::size_t segment, std::size_t number, const Grid::Step& step,
           CotangentSweep::TimeCotangents cotangents) {
    const auto first = landings.inside_step(number).first;
    for (std::size_t i = 0; i < cotangents.theta.size(); ++i) {
      const double a_time = cotangents.theta[i] / step.h;
      interpolated[first + i] += a_time;
      cotangents.start -= a_time;
      cotangents.h -= a_time * landings.interpolated[first + i].theta;
    }
    add(segment, step.landing >= 0, cotangents);
  }

  /// The same of each sample's trial in a round. cotangents: one a sample.
  void add(const SampleRound& round, const std::vector<CotangentSweep::TimeCotangents>& cotangents) {
    for (std::size_t b = 0; b < cotangents.size(); ++b)
      add(static_cast<std::size_t>(round.trials[b].landing), round.trials[b].lands, cotangents[b]);
  }
};

}  // namespace neuralode
