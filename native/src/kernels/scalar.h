// Element types of the kernels and what they are computed in.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/host_device.h"

namespace neuralode::kernels {

/// bfloat16 storage: the upper half of a float32. Same representation as libtorch's at::BFloat16.
struct BFloat16 {
  std::uint16_t bits;
};

/// What `Scalar` is computed in: itself, or float for BFloat16.
template <class Scalar>
struct ComputeType {
  using type = Scalar;
};
template <>
struct ComputeType<BFloat16> {
  using type = float;
};
template <class Scalar>
using Compute = typename ComputeType<Scalar>::type;

NEURALODE_HOST_DEVICE float load(float value) { return value; }
NEURALODE_HOST_DEVICE double load(double value) { return value; }
NEURALODE_HOST_DEVICE float load(BFloat16 value) {
  const auto bits = std::uint32_t{value.bits} << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

NEURALODE_HOST_DEVICE void store(float& target, float value) { target = value; }
NEURALODE_HOST_DEVICE void store(double& target, double value) { target = value; }
/// Rounds to nearest, ties to even; a NaN stays a (quiet) NaN.
NEURALODE_HOST_DEVICE void store(BFloat16& target, float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  target.bits = static_cast<std::uint16_t>(value != value ? 0x7fc0u : rounded);
}

}  // namespace neuralode::kernels
