// Where a solve stops on its way, and which outputs and time inputs belong to each place.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace neuralode {

/// Times of a solve. Landing j is t_eval[source[j]], or t1 where source[j] == t1_source.
struct Landings {
  static constexpr std::int64_t t1_source = -1;

  double t0 = 0;
  std::vector<double> times;          ///< monotone from t0; the last is t1
  std::vector<std::int64_t> sources;  ///< one a landing
  std::vector<std::int64_t> outputs;  ///< one an entry of t_eval: its landing, or -1 where it equals t0
  bool trajectory = false;            ///< whether t_eval was given
};

/// t0, t1: 0-dim. t_eval: undefined or (times,), strictly monotone from t0 towards t1. All on the CPU, floating point.
/// An entry of t_eval equal to t1 is t1. Throws invalid_argument naming the time that does not fit.
Landings landings_of(const at::Tensor& t0, const at::Tensor& t1, const at::Tensor& t_eval);

}  // namespace neuralode
