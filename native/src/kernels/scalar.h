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

/// float16 storage: IEEE 754 binary16. Same representation as libtorch's at::Half.
struct Float16 {
  std::uint16_t bits;
};

/// What `Scalar` is computed in: itself, or float for the half types.
template <class Scalar>
struct ComputeType {
  using type = Scalar;
};
template <>
struct ComputeType<BFloat16> {
  using type = float;
};
template <>
struct ComputeType<Float16> {
  using type = float;
};
template <class Scalar>
using Compute = typename ComputeType<Scalar>::type;

NEURALODE_HOST_DEVICE std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
NEURALODE_HOST_DEVICE float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

NEURALODE_HOST_DEVICE float load(float value) { return value; }
NEURALODE_HOST_DEVICE double load(double value) { return value; }
NEURALODE_HOST_DEVICE float load(BFloat16 value) {
  return float_of(std::uint32_t{value.bits} << 16);
}
NEURALODE_HOST_DEVICE float load(Float16 value) {
  const auto sign = std::uint32_t{value.bits & 0x8000u} << 16, magnitude = std::uint32_t{value.bits & 0x7fffu} << 13;
  const float scaled = float_of(magnitude) * 0x1p112f;  // moves the exponent's bias; subnormal numbers become normal ones, exactly
  const auto finite = bits_of(scaled), special = magnitude | 0x7f800000u;  // infinite or NaN
  return float_of(sign | (magnitude >= 0x0f800000u ? special : finite));
}

NEURALODE_HOST_DEVICE void store(float& target, float value) { target = value; }
NEURALODE_HOST_DEVICE void store(double& target, double value) { target = value; }
/// Rounds to nearest, ties to even; a NaN stays a (quiet) NaN.
NEURALODE_HOST_DEVICE void store(BFloat16& target, float value) {
  const auto bits = bits_of(value);
  const auto rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  target.bits = static_cast<std::uint16_t>(value != value ? 0x7fc0u : rounded);
}
/// The same; beyond 65504 it becomes infinite.
NEURALODE_HOST_DEVICE void store(Float16& target, float value) {
  const auto bits = bits_of(value), sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
  // Below 2^-14 the last place is 2^-24: the sum with 2^-1, whose last place that is, rounds to it.
  const auto subnormal = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f);
  const auto normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  const auto finite = magnitude < 0x38800000u ? subnormal : normal;
  target.bits = static_cast<std::uint16_t>(sign | (magnitude > 0x7f800000u ? 0x7e00u : magnitude >= 0x47800000u ? 0x7c00u : finite));
}

}  // namespace neuralode::kernels
