// The Runge-Kutta kernels on lists of tensors: dtype dispatch and threads. Formulas as in kernels/cpu/combine.h; on a GPU as in alf_kernels.h.
#pragma once

#include "solvers/device_notes.h"
#include "tensors/tensor_list.h"

namespace neuralode {

/// out = base + scale * sum over j of weights[j] terms[j]; terms of weight 0 are skipped. base: empty for 0; out may be base or a term. All tensors
/// of one position have the same strides. Returns whether all of out is finite.
bool combine(const TensorList& base, const std::vector<TensorList>& terms, const std::vector<double>& weights, double scale,
             const TensorList& out, DeviceNotes* notes = nullptr);

/// Root mean square over all elements of e / (atol + rtol max(|z|, |z_next|)); on a GPU NaN where z_next is not finite.
double scaled_error_norm(const TensorList& e, const TensorList& z, const TensorList& z_next, double rtol, double atol);

}  // namespace neuralode
