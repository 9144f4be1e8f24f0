// The ALF kernels on lists of tensors: dtype dispatch and threads. Names and formulas as in kernels/cpu/alf.h.
// All tensors of one argument position i have the same strides; dtype float32, float64 or bfloat16; on the CPU.
#pragma once

#include "kernels/cpu/alf.h"
#include "tensors/tensor_list.h"

namespace neuralode {

void alf_head(const TensorList& z, const TensorList& v, const TensorList& k, double h);
/// Whether all of the results is finite.
bool alf_tail(const TensorList& k, const TensorList& v, const TensorList& u, const TensorList& z_next, const TensorList& v_next, double h,
              double eta);
/// Root mean square over all elements of the scaled error.
double alf_error_norm(const TensorList& z, const TensorList& z_next, const TensorList& u, const TensorList& v, double h, double rtol, double atol);
void alf_reverse_head(const TensorList& z_next, const TensorList& v_next, const TensorList& a_z, const TensorList& a_v, const TensorList& k,
                      const TensorList& a_u, double h, double eta);
void alf_reverse_tail(const TensorList& k, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& z,
                      const TensorList& v, const TensorList& a_z, const TensorList& a_v, double h, double eta);
double dot(const TensorList& a, const TensorList& b);
bool all_finite(const TensorList& a);
kernels::Difference difference(const TensorList& a, const TensorList& b);
/// max |a|, NaN where an element is.
inline double largest_value(const TensorList& a) { return difference(a, a).largest_value; }

/// Throws invalid_argument unless the kernels can run on `z`: float32, float64 or bfloat16, one dtype and device, on the CPU.
void check_supported(const TensorList& z);

}  // namespace neuralode
