// Fused element-wise kernels of the undamped ALF step (eta = 1) on a fixed-point lattice: undone to the bit.
// Source of the idea: Levesque & Verlet 1993; Stam 2022; formulas as in docs/reversibility.md.
//
// The state is two arrays of int64: z = z0 + quantum_z * Z, a displacement from the state at t0 (where Z = 0), and v = quantum_v * V.
//   step:     Z_k = Z + round(c V);   k = z0 + quantum_z Z_k;   u = f(t + h/2, k);   V' = round(2 u / quantum_v) - V;   Z' = Z_k + round(c V')
//   inverse:  Z_k = Z' - round(c V'); k = z0 + quantum_z Z_k;   u = f(t + h/2, k);   V = round(2 u / quantum_v) - V';   Z = Z_k - round(c V)
// with c = h/2 * quantum_v / quantum_z. Every rounded increment is a function of numbers that both directions have, and the integers are
// added without loss, so that equal u on both ways give equal Z, V. Real products are made in double: double(V) * c, rounded to the nearest
// integer, ties to even.
//
// All arrays: (count,), same element order, Scalar is float, double, BFloat16 or Float16. An output may be the very array of an input of its type; arrays
// must not overlap otherwise. |Z|, |V| < lattice_limit on entry. No threads: callers split the range. ../lattice_element.h has the formulas,
// lattice_reference.h the twins that tests compare with; ../cuda/lattice.cu is the same for GPUs, line by line.
#pragma once

#include <cstdint>

#include "kernels/scalar.h"

namespace neuralode::kernels {

/// |Z|, |V| and every rounded increment must stay below this: their sums are then within int64.
constexpr double lattice_limit = 2305843009213693952.0;  // 2^61

/// What a kernel met; values are or-ed together over elements.
enum LatticeFlags : std::int32_t { lattice_fine = 0, lattice_overflow = 1, lattice_non_finite = 2 };

/// V = round(v / quantum_v). v: (count,). The start, with Z = 0. Returns LatticeFlags.
template <class Scalar>
std::int32_t lattice_start(const Scalar* v, std::int64_t* V, double quantum_v, std::int64_t count);

/// z = z0 + quantum_z Z: the state as a float array.
template <class Scalar>
void lattice_state(const Scalar* z0, const std::int64_t* Z, Scalar* z, double quantum_z, std::int64_t count);

/// v = quantum_v V.
template <class Scalar>
void lattice_velocity(const std::int64_t* V, Scalar* v, double quantum_v, std::int64_t count);

/// k = z0 + quantum_z (Z + round(c V)).
template <class Scalar>
void lattice_head(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, Scalar* k, double c, double quantum_z, std::int64_t count);

/// V_next = round(2 u / quantum_v) - V;  Z_next = Z + round(c V) + round(c V_next). Returns LatticeFlags: non_finite where u is infinite or
/// NaN, overflow where a number leaves lattice_limit; the elements concerned are then unspecified.
template <class Scalar>
std::int32_t lattice_tail(const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next, std::int64_t* V_next, double c,
                          double quantum_v, std::int64_t count);

/// The tail of a step and the head of the next, with the c of its length, in one: Z_next, V_next as lattice_tail;  k_next = z0 + quantum_z
/// (Z_next + round(c_next V_next)). Returns LatticeFlags of the tail.
template <class Scalar>
std::int32_t lattice_advance(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next,
                             std::int64_t* V_next, Scalar* k_next, double c, double c_next, double quantum_z, double quantum_v,
                             std::int64_t count);

/// k = z0 + quantum_z (Z_next - round(c V_next));  a_u = 2 (a_v + h/2 a_z), in Scalar's arithmetic as alf_reverse_head does.
template <class Scalar>
void lattice_reverse_head(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* a_z, const Scalar* a_v, Scalar* k,
                          Scalar* a_u, double h, double c, double quantum_z, std::int64_t count);

/// V = round(2 u / quantum_v) - V_next;  Z = Z_next - round(c V_next) - round(c V);  and, with s = a_v + h/2 a_z and g = (df/dk)^T a_u:
/// a_z <- a_z + g;  a_v <- h/2 a_z(new) - s. Returns LatticeFlags as lattice_tail.
template <class Scalar>
std::int32_t lattice_reverse_tail(const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g, std::int64_t* Z,
                                  std::int64_t* V, Scalar* a_z, Scalar* a_v, double h, double c, double quantum_v, std::int64_t count);

/// The tail of a reverse step and the head of the one before it, with its h and c, in one: Z, V, a_z, a_v as lattice_reverse_tail; k_before
/// and a_u_before as lattice_reverse_head makes them of these. Returns LatticeFlags of the tail.
template <class Scalar>
std::int32_t lattice_reverse_advance(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u,
                                     const Scalar* g, std::int64_t* Z, std::int64_t* V, Scalar* a_z, Scalar* a_v, Scalar* k_before,
                                     Scalar* a_u_before, double h, double c, double h_before, double c_before, double quantum_z,
                                     double quantum_v, std::int64_t count);

/// Largest |a - b| over elements, as a double; exactly 0 if and only if the arrays are equal.
double lattice_difference(const std::int64_t* a, const std::int64_t* b, std::int64_t count);

}  // namespace neuralode::kernels
