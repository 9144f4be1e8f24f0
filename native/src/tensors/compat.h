// Everything in which libtorch 1.13 and 2.x differ for this library; nothing else tests the version, but gradients/cuda/recording_pool.h.
#pragma once

#include <ATen/autocast_mode.h>
#include <c10/core/Event.h>
#include <c10/core/ScalarType.h>
#include <torch/version.h>

#define NEURALODE_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace neuralode::compat {

inline bool autocast_enabled(at::DeviceType device) {
#if NEURALODE_TORCH_AT_LEAST(2, 4)
  return at::autocast::is_autocast_enabled(device);
#else
  return device == at::kCUDA ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
#endif
}

inline void set_autocast_enabled(at::DeviceType device, bool enabled) {
#if NEURALODE_TORCH_AT_LEAST(2, 4)
  at::autocast::set_autocast_enabled(device, enabled);
#else
  device == at::kCUDA ? at::autocast::set_enabled(enabled) : at::autocast::set_cpu_enabled(enabled);
#endif
}

inline at::ScalarType autocast_dtype(at::DeviceType device) {
#if NEURALODE_TORCH_AT_LEAST(2, 4)
  return at::autocast::get_autocast_dtype(device);
#else
  return device == at::kCUDA ? at::autocast::get_autocast_gpu_dtype() : at::autocast::get_autocast_cpu_dtype();
#endif
}

inline void set_autocast_dtype(at::DeviceType device, at::ScalarType dtype) {
#if NEURALODE_TORCH_AT_LEAST(2, 4)
  at::autocast::set_autocast_dtype(device, dtype);
#else
  device == at::kCUDA ? at::autocast::set_autocast_gpu_dtype(dtype) : at::autocast::set_autocast_cpu_dtype(dtype);
#endif
}

/// Whether CPU autocast can compute in float16.
constexpr bool cpu_autocast_has_half = NEURALODE_TORCH_AT_LEAST(2, 3);

/// Whether the time between two events of a GPU can be had: that of libtorch's own, device-independent ones.
constexpr bool events_have_time = NEURALODE_TORCH_AT_LEAST(2, 4);
/// What such an event is made with.
constexpr c10::EventFlag timing_event = c10::EventFlag::BACKEND_DEFAULT;

/// Between two events that have passed, made with timing_event. 0 where events have no time.
inline double milliseconds_between([[maybe_unused]] const c10::Event& begin, [[maybe_unused]] const c10::Event& end) {
#if NEURALODE_TORCH_AT_LEAST(2, 4)
  return begin.elapsedTime(end);
#else
  return 0;
#endif
}

}  // namespace neuralode::compat
