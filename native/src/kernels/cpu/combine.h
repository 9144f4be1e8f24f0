// Fused element-wise kernels of Runge-Kutta methods on raw pointers: one pass over memory each, whatever the number of stages.
// All arrays: (count,), same element order, Scalar is float, double, BFloat16 or Float16 (these
// computed in float). No threads: callers split the range.
#pragma once

#include <cstdint>

#include "kernels/scalar.h"

namespace neuralode::kernels {

/// out = base + sum over j of weights[j] terms[j], added in the order of j. base: null for 0; out may be base or a term. Returns whether all of out
/// is finite.
template <class Scalar>
bool combine(const Scalar* base, const Scalar* const* terms, const double* weights, std::int32_t terms_count, Scalar* out,
             std::int64_t count);

/// Sum over elements of (e / (atol + rtol max(|z|, |z_next|)))^2.
template <class Scalar>
double scaled_error(const Scalar* e, const Scalar* z, const Scalar* z_next, double rtol, double atol, std::int64_t count);

}  // namespace neuralode::kernels
