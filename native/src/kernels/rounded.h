// Arithmetic that gives the same bits from every instruction set and on a GPU: IEEE operations that round once, to nearest, ties to even.
// None is contracted to a fused multiply-add: on the CPU -ffp-contract=off sees to that, on a GPU the intrinsics.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/host_device.h"

namespace neuralode::kernels {

#if defined(__CUDA_ARCH__)

NEURALODE_HOST_DEVICE float times(float a, float b) { return __fmul_rn(a, b); }
NEURALODE_HOST_DEVICE double times(double a, double b) { return __dmul_rn(a, b); }
NEURALODE_HOST_DEVICE float plus(float a, float b) { return __fadd_rn(a, b); }
NEURALODE_HOST_DEVICE double plus(double a, double b) { return __dadd_rn(a, b); }
NEURALODE_HOST_DEVICE double over(double a, double b) { return __ddiv_rn(a, b); }

/// The nearest double.
NEURALODE_HOST_DEVICE double real_of(std::int64_t n) { return __ll2double_rn(n); }
/// The nearest integer. |x| < 2^62.
NEURALODE_HOST_DEVICE std::int64_t integer_of(double x) { return __double2ll_rn(x); }

#else

NEURALODE_HOST_DEVICE float times(float a, float b) { return a * b; }
NEURALODE_HOST_DEVICE double times(double a, double b) { return a * b; }
NEURALODE_HOST_DEVICE float plus(float a, float b) { return a + b; }
NEURALODE_HOST_DEVICE double plus(double a, double b) { return a + b; }
NEURALODE_HOST_DEVICE double over(double a, double b) { return a / b; }

NEURALODE_HOST_DEVICE std::uint64_t bits_of(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
NEURALODE_HOST_DEVICE double double_of(std::uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// The two conversions in halves of 32 bits, by doubles whose last place is 1 or 2^32: instruction sets before AVX-512DQ convert 64-bit
// integers one at a time, which makes lattice_tail 2 (AVX2) to 2.5 (AVX-512F) times slower.

/// The nearest double. The halves are exact; only their sum rounds.
NEURALODE_HOST_DEVICE double real_of(std::int64_t n) {
  const auto bits = static_cast<std::uint64_t>(n) ^ (std::uint64_t{1} << 63);  // n + 2^63
  const double high = double_of(bits_of(0x1p84) + (bits >> 32));               // 2^84 + 2^32 (upper half)
  const double low = double_of(bits_of(0x1p52) + (bits & 0xffffffffu));        // 2^52 + lower half
  return (high - (0x1p84 + 0x1p63 + 0x1p52)) + low;
}

/// The nearest integer. |x| < 2^62. The upper half counts even numbers, so that a tie in the lower one goes to the even neighbour.
NEURALODE_HOST_DEVICE std::int64_t integer_of(double x) {
  constexpr double ones = 0x1.8p52;  // ones + y, for |y| < 2^51, is rounded to an integer, which its last bits hold
  const double high = x * 0x1p-32 + ones;
  const double low = (x - (high - ones) * 0x1p32) + ones;
  return static_cast<std::int64_t>(((bits_of(high) - bits_of(ones)) << 32) + (bits_of(low) - bits_of(ones)));
}

#endif

}  // namespace neuralode::kernels
