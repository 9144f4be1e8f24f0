// Where a solve stops on its way, and which outputs and time inputs belong to each place.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "solvers/drive.h"

namespace neuralode {

/// Times of a solve. Landing j is t_eval[source[j]], or t1 where source[j] == t1_source.
struct Landings {
  static constexpr std::int64_t t1_source = -1;
  static constexpr std::int64_t at_t0 = -1, inside = -2, unreached = -3;  ///< in `outputs`, besides landings

  double t0 = 0;
  std::vector<double> times;          ///< monotone from t0; the last is t1
  std::vector<std::int64_t> sources;  ///< one a landing
  std::vector<std::int64_t> outputs;  ///< one an entry of t_eval: its landing, at_t0 where it equals t0, inside where it is interpolated
  bool trajectory = false;            ///< whether t_eval was given

  /// An entry of t_eval at t + theta h of step number `step`, which the forward sweep writes.
  struct Interpolated {
    double time;
    std::int64_t row;  ///< in t_eval
    std::size_t step = 0;
    double theta = 0;
  };
  std::vector<Interpolated> interpolated;  ///< in order

  /// Adds an output at the last landing, which is given out with t_eval or without.
  void add_end();
  /// The solve ends at `t` instead of t1: as if t were the last landing and the outputs beyond it had not been asked for. After add_end.
  void end_at(double t);
  /// Those inside step `step`, as indices [first, second).
  std::pair<std::size_t, std::size_t> inside_step(std::size_t step) const;
};

/// t0, t1: 0-dim. t_eval: undefined or (times,), strictly monotone from t0 towards t1. All on the CPU, floating point.
/// An entry of t_eval equal to t1 is t1. dense: the others are interpolated. Throws invalid_argument naming the time that does not fit.
Landings landings_of(const at::Tensor& t0, const at::Tensor& t1, const at::Tensor& t_eval, bool dense = false);

/// The entries of t_eval that accepted steps pass, each once and in order.
class Passing {
 public:
  /// Must outlive this.
  explicit Passing(Landings& landings) : landings_(landings) {}

  /// Calls `write(entry)` for those that the last step of `grid` has passed, with their step and theta.
  template <class Write>
  void step(const Grid& grid, const Write& write) {
    const auto& last = grid.steps.back();
    for (; next_ < landings_.interpolated.size(); ++next_) {
      auto& entry = landings_.interpolated[next_];
      if (last.h > 0 ? entry.time > grid.end : entry.time < grid.end) return;
      entry.step = grid.steps.size() - 1;
      entry.theta = std::min(1.0, (entry.time - last.t) / last.h);
      write(entry);
    }
  }

 private:
  Landings& landings_;
  std::size_t next_ = 0;
};

}  // namespace neuralode
