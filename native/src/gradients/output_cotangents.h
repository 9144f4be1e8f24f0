// Where the cotangents of a solve's outputs join its reverse sweep.
#pragma once

#include <ATen/Functions.h>

#include <map>

#include "gradients/landings.h"
#include "solvers/sweeps.h"

namespace neuralode {

class OutputCotangents {
 public:
  /// cotangents: one a state, of the shape of Solution::states; undefined is zero. Both must outlive this.
  OutputCotangents(const Landings& landings, const TensorList& cotangents) : landings_(landings), cotangents_(cotangents) {}

  /// Those of landing `landing` (-1 for t0), one a state; empty where it was not given out.
  TensorList of(std::int64_t landing) const {
    if (!landings_.trajectory) return landing == static_cast<std::int64_t>(landings_.times.size()) - 1 ? cotangents_ : TensorList{};
    for (std::size_t row = 0; row < landings_.outputs.size(); ++row) {
      if (landings_.outputs[row] != landing) continue;
      TensorList rows;
      for (const auto& cotangent : cotangents_)
        rows.push_back(cotangent.defined() ? cotangent.select(0, static_cast<std::int64_t>(row)) : at::Tensor());
      return rows;
    }
    return {};
  }

  void add(CotangentSweep& sweep, std::int64_t landing) const {
    const auto cotangents = of(landing);
    if (!cotangents.empty()) sweep.add_cotangent(cotangents);
  }

  /// Those of the samples that landed in a round.
  void add(CotangentSweep& sweep, const SampleRound& round) const {
    std::map<std::int64_t, std::vector<std::int64_t>> landed;
    for (std::size_t b = 0; b < round.trials.size(); ++b)
      if (round.trials[b].accepted && round.trials[b].lands) landed[round.trials[b].landing].push_back(static_cast<std::int64_t>(b));
    for (const auto& [landing, samples] : landed) {
      const auto cotangents = of(landing);
      if (!cotangents.empty()) sweep.add_cotangent(cotangents, at::tensor(samples, at::kLong));
    }
  }

 private:
  const Landings& landings_;
  const TensorList& cotangents_;
};

}  // namespace neuralode
