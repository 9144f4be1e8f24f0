#include "tensors/autocast.h"

#include "tensors/compat.h"

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
