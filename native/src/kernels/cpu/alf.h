// Fused element-wise kernels of the asynchronous-leapfrog (ALF) step on raw pointers: one pass over memory each.
// Source: Zhuang et al. 2021, algorithms 2 and 3; formulas as in docs/method.md.
//
// All arrays: (count,), same element order, Scalar is float, double, BFloat16 or Float16 (these
// computed in float). An output may be the
// very array of an input (same index, same pointer); arrays must not overlap otherwise. h is signed; eta in (0, 1], not 1/2.
// No threads: callers split the range. alf_reference.h has the twins that tests compare with.
#pragma once

#include <cstdint>

#include "kernels/scalar.h"

namespace neuralode::kernels {

/// k = z + h/2 v.
template <class Scalar>
void alf_head(const Scalar* z, const Scalar* v, Scalar* k, double h, std::int64_t count);

/// v_next = (1 - 2 eta) v + 2 eta u;  z_next = k + h/2 v_next. Returns whether all of both is finite.
template <class Scalar>
bool alf_tail(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* z_next, Scalar* v_next, double h, double eta, std::int64_t count);

/// The tail of a step and the head of the next, of length h_next, in one: v_next as alf_tail;  k_next = z_next + h_next/2 v_next, where z_next
/// is rounded as alf_tail stores it, but is not stored. Returns whether v_next and z_next are finite.
template <class Scalar>
bool alf_advance(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* k_next, Scalar* v_next, double h, double h_next, double eta,
                 std::int64_t count);

/// Sum over elements of (h (u - v) / (atol + rtol max(|z|, |z_next|)))^2: the embedded error of the step, scaled.
template <class Scalar>
double alf_error(const Scalar* z, const Scalar* z_next, const Scalar* u, const Scalar* v, double h, double rtol, double atol,
                 std::int64_t count);

/// k = z_next - h/2 v_next;  a_u = 2 eta (a_v + h/2 a_z), with (a_z, a_v) the cotangents of (z_next, v_next).
template <class Scalar>
void alf_reverse_head(const Scalar* z_next, const Scalar* v_next, const Scalar* a_z, const Scalar* a_v, Scalar* k, Scalar* a_u, double h,
                      double eta, std::int64_t count);

/// v = (v_next - 2 eta u) / (1 - 2 eta);  z = k - h/2 v;  and, with a_u = 2 eta s from the head and g = (df/dk)^T a_u:
/// a_z <- a_z + g;  a_v = (1 - 2 eta) s + h/2 a_z(new). a_v may be the array of a_u.
template <class Scalar>
void alf_reverse_tail(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u, Scalar* z, Scalar* v,
                      Scalar* a_z, Scalar* a_v, double h, double eta, std::int64_t count);

/// The tail of a reverse step and the head of the one before it, of length h_before, in one: v, a_z as alf_reverse_tail; then
/// k_before = z - h_before/2 v;  a_u_before = 2 eta (a_v + h_before/2 a_z), with z and a_v rounded as alf_reverse_tail stores them, but not
/// stored. a_u_before may be the array of a_u.
template <class Scalar>
void alf_reverse_advance(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u, Scalar* k_before,
                         Scalar* v, Scalar* a_z, Scalar* a_u_before, double h, double h_before, double eta, std::int64_t count);

/// Sum of a * b, accumulated in double.
template <class Scalar>
double dot(const Scalar* a, const Scalar* b, std::int64_t count);

/// Whether no element is infinite or NaN.
template <class Scalar>
bool all_finite(const Scalar* a, std::int64_t count);

/// Largest |a - b| and largest |b|; a NaN in either gives NaN.
struct Difference {
  double largest_difference;
  double largest_value;
};
template <class Scalar>
Difference difference(const Scalar* a, const Scalar* b, std::int64_t count);

}  // namespace neuralode::kernels
