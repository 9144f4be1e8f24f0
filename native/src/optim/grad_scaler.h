// Scaling of a loss, so that small gradients survive float16. Micikevicius et al. 2018, section 3.2.
#pragma once

#include <torch/optim/optimizer.h>

#include <functional>
#include <optional>
#include <unordered_map>

#include "tensors/safetensors.h"

namespace neuralode {

struct GradScalerOptions {
  double initial_scale = 65536;
  double growth_factor = 2;
  double backoff_factor = 0.5;
  std::int64_t growth_interval = 2000;  ///< updates without a gradient that is not finite before the scale grows
};

/// Throws invalid_argument naming the option that is out of range.
void check(const GradScalerOptions& options);

/// What torch.cuda.amp.GradScaler does, on any device. An iteration is: backward of scale(loss); unscale (or step does it) for each
/// optimiser, after which gradients may be clipped; step for each; update.
/// The scale is a number of the host's: it changes only by what step has to wait for anyway, whether a gradient is not finite, so an
/// iteration waits for a GPU once an optimiser.
class GradScaler {
 public:
  explicit GradScaler(const GradScalerOptions& options);

  /// value * scale, in value's dtype.
  at::Tensor scale(const at::Tensor& value) const;
  /// Divides the gradients by the scale, in place. Throws invalid_argument the second time since update, after step, and for float16
  /// gradients, which cannot hold what unscaling gives: the parameters must be float32.
  void unscale(torch::optim::Optimizer& optimizer);
  /// unscale where that was not done, then a step of the optimiser unless a gradient is not finite; returns whether it was taken.
  bool step(torch::optim::Optimizer& optimizer);
  /// Ends the iteration: multiplies the scale by backoff_factor where a gradient was not finite, by growth_factor after growth_interval
  /// iterations in a row where all were; it stays finite. Throws invalid_argument when nothing was unscaled since the last.
  void update();

  double scale_factor() const { return scale_; }
  /// Iterations in a row without a gradient that was not finite, since the scale last changed.
  std::int64_t growth_tracker() const { return growth_tracker_; }

  /// "state": (5,) float64: scale, growth_tracker, growth_factor, backoff_factor, growth_interval. Between two iterations.
  NamedTensors state() const;
  /// What makes `state` this one's; nothing is changed before it is called, and it does not fail. Throws invalid_argument.
  std::function<void()> restoration_of(const NamedTensors& state);

 private:
  /// What was done with an optimiser in this iteration.
  struct Stage {
    at::Tensor finite;              ///< 0-dim bool where the gradients are; undefined: there are none
    std::optional<bool> is_finite;  ///< once read
    bool stepped = false;
  };

  static bool read(Stage& stage);

  GradScalerOptions options_;
  float scale_;
  std::int64_t growth_tracker_ = 0;
  std::unordered_map<const torch::optim::Optimizer*, Stage> stages_;
};

}  // namespace neuralode
