// Steps that every sample of a batch makes for itself. The batch is the first dimension of every state tensor.
#pragma once

#include <cstdint>
#include <vector>

namespace neuralode {

/// What one sample does in a round.
struct SampleTrial {
  double t = 0;              ///< start
  double h = 0;              ///< signed length; 0: at rest, because the sample is done or what it tried is not finite
  std::int32_t landing = 0;  ///< index of the landing time that it goes to; their number when it is done
  bool lands = false;        ///< whether h ends there
  bool accepted = false;
};

/// A trial of every sample that is not done, at one evaluation of f a stage for the whole batch. A trial that was rejected for its error
/// keeps its h, so that f, which may couple the samples (batch norm in training mode), is evaluated at the same batch when the round is
/// made again.
struct SampleRound {
  std::vector<SampleTrial> trials;  ///< one a sample
  bool closing = true;              ///< whether a sample goes on from here, so that what the next round starts from is evaluated

  /// t + fraction h of each sample.
  std::vector<double> times(double fraction) const {
    std::vector<double> result;
    for (const auto& trial : trials) result.push_back(trial.t + fraction * trial.h);
    return result;
  }
};

}  // namespace neuralode
