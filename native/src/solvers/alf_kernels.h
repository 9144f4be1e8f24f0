// The ALF kernels on lists of tensors: dtype dispatch and threads. Names and formulas as in kernels/cpu/alf.h.
// All tensors of one position i have the same strides and device; dtype float32, float64, bfloat16 or, on a GPU, float16. On a GPU work is
// queued on its current stream: only what returns numbers waits for it, and `notes`, not the result, tells of what is not finite.
#pragma once

#include "kernels/cpu/alf.h"
#include "solvers/device_notes.h"
#include "tensors/tensor_list.h"

namespace neuralode {

void alf_head(const TensorList& z, const TensorList& v, const TensorList& k, double h);
/// Whether all of the results is finite.
bool alf_tail(const TensorList& k, const TensorList& v, const TensorList& u, const TensorList& z_next, const TensorList& v_next, double h,
              double eta, DeviceNotes* notes = nullptr);
bool alf_advance(const TensorList& k, const TensorList& v, const TensorList& u, const TensorList& k_next, const TensorList& v_next, double h,
                 double h_next, double eta, DeviceNotes* notes = nullptr);
/// Root mean square over all elements of the scaled error; on a GPU NaN where z_next is not finite.
double alf_error_norm(const TensorList& z, const TensorList& z_next, const TensorList& u, const TensorList& v, double h, double rtol, double atol);
void alf_reverse_head(const TensorList& z_next, const TensorList& v_next, const TensorList& a_z, const TensorList& a_v, const TensorList& k,
                      const TensorList& a_u, double h, double eta);
void alf_reverse_tail(const TensorList& k, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& a_u,
                      const TensorList& z, const TensorList& v, const TensorList& a_z, const TensorList& a_v, double h, double eta);
void alf_reverse_advance(const TensorList& k, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& a_u,
                         const TensorList& k_before, const TensorList& v, const TensorList& a_z, const TensorList& a_u_before, double h,
                         double h_before, double eta);
double dot(const TensorList& a, const TensorList& b);
/// With notes: as the kernels.
bool all_finite(const TensorList& a, DeviceNotes* notes = nullptr);
/// One a tensor.
std::vector<kernels::Difference> differences(const TensorList& a, const TensorList& b);
kernels::Difference difference(const TensorList& a, const TensorList& b);
/// max |a|, NaN where an element is.
inline double largest_value(const TensorList& a) { return difference(a, a).largest_value; }

/// Throws invalid_argument unless the kernels can run on `z`: float32, float64, bfloat16 or, on a GPU, float16; one dtype; one device,
/// which this build has kernels for.
void check_supported(const TensorList& z);

}  // namespace neuralode
