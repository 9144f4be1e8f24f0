// What measuring kernels of CPU and GPU do with one element, in double.
#pragma once

#include "kernels/host_device.h"

namespace neuralode::kernels::element {

NEURALODE_HOST_DEVICE double size_of(double x) { return x < 0 ? -x : x; }

/// (e / (atol + rtol max(|z|, |z_next|)))^2.
NEURALODE_HOST_DEVICE double scaled_error(double e, double z, double z_next, double rtol, double atol) {
  const double before = size_of(z), after = size_of(z_next);
  const double scaled = e / (atol + rtol * (before > after ? before : after));
  return scaled * scaled;
}

}  // namespace neuralode::kernels::element
