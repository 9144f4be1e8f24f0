// The autocast state of one sweep, to be had again in the other.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace neuralode {

struct AutocastState {
  c10::DeviceType device = c10::kCPU;
  bool enabled = false;
  c10::ScalarType dtype = c10::kBFloat16;

  static AutocastState current(c10::DeviceType device);
};

/// Sets `state` on the calling thread. Throws invalid_argument for a dtype other than bfloat16 and float16, unsupported for what is to be
/// turned on and cannot: float16 on a CPU where libtorch lacks it, or a GPU where there is none.
void set_autocast(const AutocastState& state);

/// Drops the casts that autocast keeps of leaves while it is on. A reverse sweep makes a leaf of every state that it linearises f at:
/// kept to the end, their casts would grow with the steps.
void drop_kept_casts(c10::DeviceType device);

/// Sets `state` on the calling thread and puts back what was there at the end. The cache of cast weights is emptied at both ends
/// when autocast is on: casts made without a graph must not serve a differentiated evaluation, nor the other way round.
class AutocastScope {
 public:
  explicit AutocastScope(const AutocastState& state);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  AutocastState inside_;
  AutocastState outside_;
};

}  // namespace neuralode
