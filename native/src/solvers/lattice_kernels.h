// The lattice kernels on lists of tensors: dtype dispatch and threads. Names and formulas as in kernels/cpu/lattice.h.
// Capital letters: int64 tensors. All tensors of one argument position i have the same strides and device; on a GPU they are queued on its
// current stream, what they met is noted, and `fine` returned.
#pragma once

#include "kernels/cpu/lattice.h"
#include "solvers/alf_arithmetic.h"

namespace neuralode::lattice {

/// c of the kernels: h/2 quantum_v / quantum_z of tensor `index`.
double increment(const Lattice& lattice, std::size_t index, double h);

StepResult start(const Lattice& lattice, const TensorList& v, const TensorList& V, DeviceNotes* notes);
void state(const Lattice& lattice, const TensorList& Z, const TensorList& z);
void velocity(const Lattice& lattice, const TensorList& V, const TensorList& v);
void head(const Lattice& lattice, const SolverState& state, const TensorList& k, double h);
StepResult tail(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next, double h,
                DeviceNotes* notes = nullptr);
StepResult advance(const Lattice& lattice, const SolverState& state, const TensorList& u, const SolverState& next, const TensorList& k_next,
                   double h, double h_next, DeviceNotes* notes);
void reverse_head(const Lattice& lattice, const SolverState& next, const TensorList& a_z, const TensorList& a_v, const TensorList& k,
                  const TensorList& a_u, double h);
StepResult reverse_tail(const Lattice& lattice, const SolverState& next, const TensorList& u, const TensorList& g, const SolverState& state,
                        const TensorList& a_z, const TensorList& a_v, double h);
/// `state` is undone in place.
StepResult reverse_advance(const Lattice& lattice, const SolverState& state, const TensorList& u, const TensorList& g,
                           const TensorList& a_z, const TensorList& a_v, const TensorList& k_before, const TensorList& a_u_before, double h,
                           double h_before);
/// Largest difference in quanta of tensor `index`; 0 exactly when equal.
double difference(const TensorList& a, const TensorList& b, std::size_t index);

}  // namespace neuralode::lattice
