// The kernels of ../cpu/alf.h for GPUs: same names and formulas, and the same bits, because both are made of ../alf_element.h.
//
// All arrays are memory of the current device, of any alignment (16-byte access wherever it is one for all of them). A call queues its work
// on `stream` and returns at once; nothing is queued for a count of 0. What the CPU's kernels return comes in memory of the device: what is
// not finite is noted, sums and maxima are added to, in an order that depends on the count alone. Scalar: float, double, BFloat16, Float16.
// Throws runtime_error where a launch fails.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/cuda/note.h"
#include "kernels/scalar.h"

namespace neuralode::kernels::cuda {

template <class Scalar>
void alf_head(const Scalar* z, const Scalar* v, Scalar* k, double h, std::int64_t count, cudaStream_t stream);

template <class Scalar>
void alf_tail(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* z_next, Scalar* v_next, double h, double eta, std::int64_t count,
              Note note, cudaStream_t stream);

/// 5 passes over memory.
template <class Scalar>
void alf_advance(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* k_next, Scalar* v_next, double h, double h_next, double eta,
                 std::int64_t count, Note note, cudaStream_t stream);

template <class Scalar>
void alf_reverse_head(const Scalar* z_next, const Scalar* v_next, const Scalar* a_z, const Scalar* a_v, Scalar* k, Scalar* a_u, double h,
                      double eta, std::int64_t count, cudaStream_t stream);

template <class Scalar>
void alf_reverse_tail(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u, Scalar* z, Scalar* v,
                      Scalar* a_z, Scalar* a_v, double h, double eta, std::int64_t count, cudaStream_t stream);

/// 10 passes over memory.
template <class Scalar>
void alf_reverse_advance(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u, Scalar* k_before,
                         Scalar* v, Scalar* a_z, Scalar* a_u_before, double h, double h_before, double eta, std::int64_t count,
                         cudaStream_t stream);

/// Doubles that a sum needs as work space.
constexpr std::int64_t sum_work = 1024;

/// *sum += alf_error of the arrays; NaN where z_next has an element that is not finite, which would scale its own error away.
template <class Scalar>
void alf_error(const Scalar* z, const Scalar* z_next, const Scalar* u, const Scalar* v, double h, double rtol, double atol,
               std::int64_t count, double* sum, double* work, cudaStream_t stream);

/// *sum += the sum of a * b.
template <class Scalar>
void dot(const Scalar* a, const Scalar* b, std::int64_t count, double* sum, double* work, cudaStream_t stream);

/// Notes an element that is infinite or NaN.
template <class Scalar>
void note_non_finite(const Scalar* a, std::int64_t count, Note note, cudaStream_t stream);

/// result[0], result[1] become the largest of themselves (0 or more) and of |a - b| and |b|; a NaN in either array makes both NaN.
template <class Scalar>
void difference(const Scalar* a, const Scalar* b, std::int64_t count, double* result, cudaStream_t stream);

}  // namespace neuralode::kernels::cuda
