// The kernels of ../cpu/combine.h for GPUs; conventions as in alf.h.
#pragma once

#include "kernels/cuda/alf.h"

namespace neuralode::kernels::cuda {

/// terms, weights: memory of the host, read before the call returns; any number of them. What of `out` is not finite is noted.
template <class Scalar>
void combine(const Scalar* base, const Scalar* const* terms, const double* weights, std::int32_t terms_count, Scalar* out,
             std::int64_t count, Note note, cudaStream_t stream);

/// *sum += scaled_error of the arrays; NaN where z_next has an element that is not finite.
template <class Scalar>
void scaled_error(const Scalar* e, const Scalar* z, const Scalar* z_next, double rtol, double atol, std::int64_t count, double* sum,
                  double* work, cudaStream_t stream);

}  // namespace neuralode::kernels::cuda
