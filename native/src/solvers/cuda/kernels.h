// The kernels of alf_kernels.h, rk_kernels.h and lattice_kernels.h for tensors on a GPU; part of builds with CUDA alone. Queued on the
// current stream of the tensors' device. What the CPU's return as found is noted, if `notes` is not null, and `true` or `fine` returned.
#pragma once

#include <vector>

#include "solvers/alf_arithmetic.h"
#include "solvers/alf_kernels.h"

namespace neuralode::cuda {

void alf_head(const TensorList& z, const TensorList& v, const TensorList& k, double h);
bool alf_tail(const TensorList& k, const TensorList& v, const TensorList& u, const TensorList& z_next, const TensorList& v_next, double h,
              double eta, DeviceNotes* notes);
bool alf_advance(const TensorList& k, const TensorList& v, const TensorList& u, const TensorList& k_next, const TensorList& v_next, double h,
                 double h_next, double eta, DeviceNotes* notes);
void alf_reverse_head(const TensorList& z_next, const TensorList& v_next, const TensorList& a_z, const TensorList& a_v, const TensorList& k,
                      const TensorList& a_u, double h, double eta);
void alf_reverse_tail(const TensorList& k, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& a_u,
                      const TensorList& z, const TensorList& v, const TensorList& a_z, const TensorList& a_v, double h, double eta);
void alf_reverse_advance(const TensorList& k, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& a_u,
                         const TensorList& k_before, const TensorList& v, const TensorList& a_z, const TensorList& a_u_before, double h,
                         double h_before, double eta);
bool combine(const TensorList& base, const std::vector<const TensorList*>& terms, const std::vector<double>& weights, const TensorList& out,
             DeviceNotes* notes);

// These wait for the GPU; the first without a wait where `notes` is given.
bool all_finite(const TensorList& a, DeviceNotes* notes);
double alf_error_norm(const TensorList& z, const TensorList& z_next, const TensorList& u, const TensorList& v, double h, double rtol,
                      double atol);
double scaled_error_norm(const TensorList& e, const TensorList& z, const TensorList& z_next, double rtol, double atol);
double dot(const TensorList& a, const TensorList& b);
std::vector<kernels::Difference> differences(const TensorList& a, const TensorList& b);
/// The same, left on the GPU: (tensors, 2), float64, a row a tensor: largest difference, largest value.
at::Tensor queued_differences(const TensorList& a, const TensorList& b);

StepResult lattice_start(const Lattice& lattice, const TensorList& v, const TensorList& V, DeviceNotes* notes);
void lattice_state(const Lattice& lattice, const TensorList& Z, const TensorList& z);
void lattice_velocity(const Lattice& lattice, const TensorList& V, const TensorList& v);
void lattice_head(const Lattice& lattice, const SolverState& state, const TensorList& k, double h);
StepResult lattice_tail(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next, double h,
                        DeviceNotes* notes);
StepResult lattice_advance(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next,
                           const TensorList& k_next, double h, double h_next, DeviceNotes* notes);
void lattice_reverse_head(const Lattice& lattice, const SolverState& next, const TensorList& a_z, const TensorList& a_v, const TensorList& k,
                          const TensorList& a_u, double h);
StepResult lattice_reverse_tail(const Lattice& lattice, const SolverState& next, const TensorList& u, const TensorList& g,
                                const SolverState& state, const TensorList& a_z, const TensorList& a_v, double h);
StepResult lattice_reverse_advance(const Lattice& lattice, const SolverState& state, const TensorList& u, const TensorList& g,
                                   const TensorList& a_z, const TensorList& a_v, const TensorList& k_before, const TensorList& a_u_before,
                                   double h, double h_before);
/// Waits for the GPU.
double lattice_difference(const TensorList& a, const TensorList& b, std::size_t index);

}  // namespace neuralode::cuda
