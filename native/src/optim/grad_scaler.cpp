#include "optim/grad_scaler.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"

namespace neuralode {

namespace {

std::vector<at::Tensor> gradients_of(const torch::optim::Optimizer& optimizer) {
  std::vector<at::Tensor> result;
  for (const auto& group : optimizer.param_groups())
    for (const auto& parameter : group.params())
      if (parameter.grad().defined() && parameter.grad().numel() > 0) result.push_back(parameter.grad());
  return result;
}

/// Whether every element of every tensor is finite: a 0-dim bool where the first of them is, not waited for. The largest magnitude of a
/// tensor is one reduction, and infinite or NaN when an element is.
at::Tensor all_finite(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> largest;
  for (const auto& tensor : tensors)
    largest.push_back(at::linalg_vector_norm(tensor, INFINITY).to(tensors.front().device(), /*non_blocking=*/true));
  return at::stack(largest).isfinite().all();
}

}  // namespace

void check(const GradScalerOptions& options) {
  const auto scale = static_cast<float>(options.initial_scale);
  require(std::isfinite(scale) && scale > 0, "initial_scale: ", options.initial_scale, " is no float32 above 0; 65536 is usual");
  require(std::isfinite(options.growth_factor) && options.growth_factor > 1, "growth_factor: ", options.growth_factor, " must be above 1");
  require(options.backoff_factor > 0 && options.backoff_factor < 1, "backoff_factor: ", options.backoff_factor, " is outside (0, 1)");
  require(options.growth_interval >= 1, "growth_interval: ", options.growth_interval, " must be 1 or more");
}

GradScaler::GradScaler(const GradScalerOptions& options) : options_(options), scale_(static_cast<float>(options.initial_scale)) {
  check(options);
}

at::Tensor GradScaler::scale(const at::Tensor& value) const { return value * static_cast<double>(scale_); }

void GradScaler::unscale(torch::optim::Optimizer& optimizer) {
  const auto found = stages_.find(&optimizer);
  require(found == stages_.end(), "optimizer: was ", found != stages_.end() && found->second.stepped ? "stepped" : "unscaled",
          " already since the last update; unscale it once, before its step");
  const torch::NoGradGuard not_recording;
  auto gradients = gradients_of(optimizer);
  for (const auto& gradient : gradients)
    require(gradient.scalar_type() != at::kHalf,
            "optimizer: has float16 gradients, which unscaling would bring to zero; keep parameters in float32 and compute under autocast");
  Stage stage;
  if (!gradients.empty()) {
    stage.finite = all_finite(gradients);
    at::_foreach_mul_(gradients, static_cast<double>(static_cast<float>(1.0 / static_cast<double>(scale_))));
  }
  stages_.emplace(&optimizer, std::move(stage));
}

bool GradScaler::read(Stage& stage) {
  if (!stage.is_finite) stage.is_finite = !stage.finite.defined() || stage.finite.item<bool>();
  return *stage.is_finite;
}

bool GradScaler::step(torch::optim::Optimizer& optimizer) {
  if (stages_.count(&optimizer) == 0) unscale(optimizer);
  auto& stage = stages_.at(&optimizer);
  require(!stage.stepped, "optimizer: was stepped already since the last update; call update after each iteration");
  if (read(stage)) optimizer.step();
  stage.stepped = true;
  return *stage.is_finite;
}

void GradScaler::update() {
  require(!stages_.empty(), "scaler: nothing was unscaled or stepped since the last update; call it once, at the end of an iteration");
  bool finite = true;
  for (auto& stage : stages_) finite = read(stage.second) && finite;
  stages_.clear();
  if (!finite) {
    scale_ = static_cast<float>(static_cast<double>(scale_) * options_.backoff_factor);
    growth_tracker_ = 0;
  } else if (++growth_tracker_ >= options_.growth_interval) {
    const auto grown = static_cast<float>(static_cast<double>(scale_) * options_.growth_factor);
    if (std::isfinite(grown)) scale_ = grown;
    growth_tracker_ = 0;
  }
}

NamedTensors GradScaler::state() const {
  return {{"state", at::tensor({static_cast<double>(scale_), static_cast<double>(growth_tracker_), options_.growth_factor,
                                options_.backoff_factor, static_cast<double>(options_.growth_interval)},
                               at::kDouble)}};
}

std::function<void()> GradScaler::restoration_of(const NamedTensors& state) {
  require(state.size() == 1 && state.front().first == "state" && state.front().second.sizes() == at::IntArrayRef{5} &&
              state.front().second.scalar_type() == at::kDouble,
          "checkpoint: has no state of a gradient scaler; it was saved without one");
  const auto* values = state.front().second.data_ptr<double>();
  constexpr double most = 9007199254740992;  // 2^53: whole numbers up to it are exact
  require(values[1] >= 0 && values[1] < most && values[4] >= 1 && values[4] < most, "checkpoint: its gradient scaler counts ", values[1],
          " of ", values[4], " iterations");
  const GradScalerOptions options{values[0], values[2], values[3], static_cast<std::int64_t>(values[4])};
  check(options);
  return [this, options, tracker = static_cast<std::int64_t>(values[1])] {
    options_ = options;
    scale_ = static_cast<float>(options.initial_scale);
    growth_tracker_ = tracker;
    stages_.clear();
  };
}

}  // namespace neuralode
