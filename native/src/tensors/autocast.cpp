#include "tensors/autocast.h"

#include "core/error.h"
#include "tensors/compat.h"
#include "tensors/device.h"

namespace neuralode {

namespace {

void apply(const AutocastState& state) {
  compat::set_autocast_enabled(state.device, state.enabled);
  compat::set_autocast_dtype(state.device, state.dtype);
}

}  // namespace

AutocastState AutocastState::current(c10::DeviceType device) {
  return {device, compat::autocast_enabled(device), compat::autocast_dtype(device)};
}

void set_autocast(const AutocastState& state) {
  const bool gpu = state.device == c10::kCUDA;
  require(state.dtype == c10::kBFloat16 || state.dtype == c10::kHalf, "dtype: autocast computes in bfloat16 or float16, not ", state.dtype);
  if (state.enabled && gpu) usable_device("cuda");
  if (state.enabled && !gpu && state.dtype == c10::kHalf && !compat::cpu_autocast_has_half)
    fail(Status::unsupported, "dtype: libtorch ", TORCH_VERSION, " has no float16 autocast on the CPU; use bfloat16, or a GPU");
  apply(state);
  if (!state.enabled) at::autocast::clear_cache();
}

void drop_kept_casts(c10::DeviceType device) {
  if (compat::autocast_enabled(device)) at::autocast::clear_cache();
}

AutocastScope::AutocastScope(const AutocastState& state) : inside_(state), outside_(AutocastState::current(state.device)) {
  if (inside_.enabled || outside_.enabled) {
    at::autocast::clear_cache();
    apply(inside_);
  }
}

AutocastScope::~AutocastScope() {
  if (inside_.enabled || outside_.enabled) {
    at::autocast::clear_cache();
    apply(outside_);
  }
}

}  // namespace neuralode
