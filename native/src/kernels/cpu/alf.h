// Fused element-wise kernels of the asynchronous-leapfrog (ALF) step on raw pointers: one pass over memory each.
// Source: Zhuang et al. 2021, algorithms 2 and 3; formulas as in docs/method.md.
//
// All arrays: (count,), same element order, Scalar is float, double or BFloat16 (computed in float). An output may be the
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

/// Sum over elements of (h (u - v) / (atol + rtol max(|z|, |z_next|)))^2: the embedded error of the step, scaled.
template <class Scalar>
double alf_error(const Scalar* z, const Scalar* z_next, const Scalar* u, const Scalar* v, double h, double rtol, double atol,
                 std::int64_t count);

/// k = z_next - h/2 v_next;  a_u = 2 eta (a_v + h/2 a_z), with (a_z, a_v) the cotangents of (z_next, v_next).
template <class Scalar>
void alf_reverse_head(const Scalar* z_next, const Scalar* v_next, const Scalar* a_z, const Scalar* a_v, Scalar* k, Scalar* a_u, double h,
                      double eta, std::int64_t count);

/// v = (v_next - 2 eta u) / (1 - 2 eta);  z = k - h/2 v;  and, with s = a_v + h/2 a_z and g = (df/dk)^T a_u:
/// a_z <- a_z + g;  a_v <- (1 - 2 eta) s + h/2 a_z(new).
template <class Scalar>
void alf_reverse_tail(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, Scalar* z, Scalar* v, Scalar* a_z,
                      Scalar* a_v, double h, double eta, std::int64_t count);

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
