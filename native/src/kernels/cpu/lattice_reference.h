// The kernels of lattice.h as plainly as they can be written: one element at a time, formulas as they stand there. For tests.
// Scalar is what the kernel's Scalar is computed in, float or double; results in it are exact to the bit.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/cpu/lattice.h"

namespace neuralode::kernels::reference {

inline bool within(double x) { return std::fabs(x) < lattice_limit; }
inline bool within(std::int64_t n) { return n < std::int64_t{1} << 61 && n > -(std::int64_t{1} << 61); }

/// Nearest integer, ties to even (in the rounding mode that programs start with). x: within(x).
inline std::int64_t nearest(double x) { return static_cast<std::int64_t>(std::nearbyint(x)); }

struct LatticePoint {
  std::int64_t Z, V;
  std::int32_t flags;
};
/// Scalar of the state at Z, z0 itself where Z is 0.
template <class Scalar>
Scalar lattice_state(Scalar z0, std::int64_t Z, double quantum_z) {
  return Z == 0 ? z0 : static_cast<Scalar>(z0 + quantum_z * static_cast<double>(Z));
}

inline LatticePoint lattice_start(double v, double quantum_v) {
  if (!std::isfinite(v)) return {0, 0, lattice_non_finite};
  if (!within(v / quantum_v)) return {0, 0, lattice_overflow};
  return {0, nearest(v / quantum_v), lattice_fine};
}

/// within(c V).
template <class Scalar>
Scalar lattice_head(Scalar z0, std::int64_t Z, std::int64_t V, double c, double quantum_z) {
  return lattice_state(z0, Z + nearest(c * static_cast<double>(V)), quantum_z);
}
template <class Scalar>
Scalar lattice_reverse_head(Scalar z0, std::int64_t Z_next, std::int64_t V_next, double c, double quantum_z) {
  return lattice_state(z0, Z_next - nearest(c * static_cast<double>(V_next)), quantum_z);
}

/// Z and V are 0 where flags is not lattice_fine.
inline LatticePoint lattice_tail(std::int64_t Z, std::int64_t V, double u, double c, double quantum_v) {
  if (!std::isfinite(u)) return {0, 0, lattice_non_finite};
  const LatticePoint overflow{0, 0, lattice_overflow};
  if (!within(2 * u / quantum_v) || !within(c * static_cast<double>(V))) return overflow;
  const std::int64_t V_next = nearest(2 * u / quantum_v) - V;
  if (!within(V_next) || !within(c * static_cast<double>(V_next))) return overflow;
  const std::int64_t Z_next = Z + nearest(c * static_cast<double>(V)) + nearest(c * static_cast<double>(V_next));
  return within(Z_next) ? LatticePoint{Z_next, V_next, lattice_fine} : overflow;
}

/// Z and V are 0 where flags is not lattice_fine.
inline LatticePoint lattice_reverse_tail(std::int64_t Z_next, std::int64_t V_next, double u, double c, double quantum_v) {
  if (!std::isfinite(u)) return {0, 0, lattice_non_finite};
  const LatticePoint overflow{0, 0, lattice_overflow};
  if (!within(2 * u / quantum_v) || !within(c * static_cast<double>(V_next))) return overflow;
  const std::int64_t V = nearest(2 * u / quantum_v) - V_next;
  if (!within(V) || !within(c * static_cast<double>(V))) return overflow;
  const std::int64_t Z = Z_next - nearest(c * static_cast<double>(V_next)) - nearest(c * static_cast<double>(V));
  return within(Z) ? LatticePoint{Z, V, lattice_fine} : overflow;
}

template <class Scalar>
Scalar lattice_reverse_head_a_u(Scalar a_z, Scalar a_v, double h) {
  return 2 * (a_v + static_cast<Scalar>(h / 2) * a_z);
}

template <class Scalar>
struct LatticeCotangent {
  Scalar a_z, a_v;
};
template <class Scalar>
LatticeCotangent<Scalar> lattice_reverse_cotangent(Scalar a_z, Scalar a_v, Scalar g, double h) {
  const auto half = static_cast<Scalar>(h / 2);
  const Scalar s = a_v + half * a_z;
  const Scalar a_k = a_z + g;
  return {a_k, half * a_k - s};
}

}  // namespace neuralode::kernels::reference
