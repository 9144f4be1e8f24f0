// The kernels of cpu/lattice.h on one element: the one source of cpu/lattice.cpp and cuda/lattice.cu, which so write the same bits.
// |Z|, |V| < lattice_limit on entry. The inverse step is the step of -h, hence of -c: rounding to nearest is odd.
#pragma once

#include "kernels/cpu/lattice.h"
#include "kernels/host_device.h"
#include "kernels/rounded.h"

namespace neuralode::kernels::element {

/// LatticeFlags, as wide as Z and V: loops over one width vectorise.
using Flags = std::int64_t;
constexpr Flags fine = lattice_fine, overflow = lattice_overflow, non_finite = lattice_non_finite;

struct Increment {
  std::int64_t value;
  Flags flags;  ///< overflow where the number is not within lattice_limit; value is 0 then
};
NEURALODE_HOST_DEVICE Increment increment(double x) {
  const bool within = x < lattice_limit && x > -lattice_limit;  // not so for a NaN
  return {integer_of(within ? x : 0), within ? fine : overflow};
}

NEURALODE_HOST_DEVICE Flags flags_of(std::int64_t n) {
  constexpr auto limit = static_cast<std::int64_t>(lattice_limit);
  return n < limit && n > -limit ? fine : overflow;
}
/// With x the number that was to be put on the lattice, and `flags` what was met on the way.
NEURALODE_HOST_DEVICE Flags flags_of(double x, Flags flags) { return x - x == 0 ? flags : non_finite; }  // inf - inf is NaN

/// z0 + quantum_z Z. Z = 0 gives z0's very bits: z0 - 0 keeps the sign of a zero, which z0 + 0 does not.
NEURALODE_HOST_DEVICE double state(double z0, std::int64_t Z, double quantum_z) { return plus(z0, -times(quantum_z, real_of(-Z))); }

NEURALODE_HOST_DEVICE double velocity(std::int64_t V, double quantum_v) { return times(quantum_v, real_of(V)); }

struct Start {
  std::int64_t V;
  Flags flags;
};
NEURALODE_HOST_DEVICE Start start(double v, double quantum_v) {
  const auto V = increment(over(v, quantum_v));
  return {V.value, flags_of(v, V.flags)};
}

/// k = z0 + quantum_z (Z + round(c V)).
NEURALODE_HOST_DEVICE double head(double z0, std::int64_t Z, std::int64_t V, double c, double quantum_z) {
  return state(z0, Z + increment(times(c, real_of(V))).value, quantum_z);
}

struct Point {
  std::int64_t Z, V;
  Flags flags;
};
/// V_next = round(2 u / quantum_v) - V;  Z_next = Z + round(c V) + round(c V_next).
NEURALODE_HOST_DEVICE Point tail(std::int64_t Z, std::int64_t V, double u, double c, double quantum_v) {
  const auto twice_u = increment(over(2 * u, quantum_v));
  const auto before = increment(times(c, real_of(V)));
  const std::int64_t V_next = twice_u.value - V;
  const auto after = increment(times(c, real_of(V_next)));
  const std::int64_t Z_next = Z + before.value + after.value;
  return {Z_next, V_next, flags_of(u, twice_u.flags | before.flags | after.flags | flags_of(V_next) | flags_of(Z_next))};
}

/// a_u = 2 (a_v + h/2 a_z). Real: float or double; half: h/2.
template <class Real>
NEURALODE_HOST_DEVICE Real reverse_head(Real a_z, Real a_v, Real half) {
  return 2 * plus(a_v, times(half, a_z));
}

template <class Real>
struct Cotangent {
  Real a_z, a_v;
};
/// s = a_v + h/2 a_z;  a_z + g;  h/2 (a_z + g) - s.
template <class Real>
NEURALODE_HOST_DEVICE Cotangent<Real> reverse_tail(Real a_z, Real a_v, Real g, Real half) {
  const Real s = plus(a_v, times(half, a_z));
  const Real a_k = plus(a_z, g);
  return {a_k, plus(times(half, a_k), -s)};
}

/// |a - b|.
NEURALODE_HOST_DEVICE std::uint64_t difference(std::int64_t a, std::int64_t b) {
  const auto left = static_cast<std::uint64_t>(a), right = static_cast<std::uint64_t>(b);  // a - b may be beyond int64
  return a > b ? left - right : right - left;
}

}  // namespace neuralode::kernels::element
