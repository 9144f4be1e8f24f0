// The kernels of ../cpu/lattice.h for GPUs: same names, formulas and bits, because both are made of ../lattice_element.h.
//
// Conventions as in alf.h. What the CPU's kernels return as LatticeFlags is noted. Compile without -use_fast_math, which would flush
// subnormal floats to zero.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/cpu/lattice.h"
#include "kernels/cuda/note.h"

namespace neuralode::kernels::cuda {

template <class Scalar>
void lattice_start(const Scalar* v, std::int64_t* V, double quantum_v, std::int64_t count, Note note, cudaStream_t stream);

template <class Scalar>
void lattice_state(const Scalar* z0, const std::int64_t* Z, Scalar* z, double quantum_z, std::int64_t count, cudaStream_t stream);

template <class Scalar>
void lattice_velocity(const std::int64_t* V, Scalar* v, double quantum_v, std::int64_t count, cudaStream_t stream);

template <class Scalar>
void lattice_head(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, Scalar* k, double c, double quantum_z, std::int64_t count,
                  cudaStream_t stream);

template <class Scalar>
void lattice_tail(const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next, std::int64_t* V_next, double c,
                  double quantum_v, std::int64_t count, Note note, cudaStream_t stream);

template <class Scalar>
void lattice_advance(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next,
                     std::int64_t* V_next, Scalar* k_next, double c, double c_next, double quantum_z, double quantum_v, std::int64_t count,
                     Note note, cudaStream_t stream);

template <class Scalar>
void lattice_reverse_head(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* a_z, const Scalar* a_v,
                          Scalar* k, Scalar* a_u, double h, double c, double quantum_z, std::int64_t count, cudaStream_t stream);

template <class Scalar>
void lattice_reverse_tail(const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g, std::int64_t* Z,
                          std::int64_t* V, Scalar* a_z, Scalar* a_v, double h, double c, double quantum_v, std::int64_t count, Note note,
                          cudaStream_t stream);

template <class Scalar>
void lattice_reverse_advance(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g,
                             std::int64_t* Z, std::int64_t* V, Scalar* a_z, Scalar* a_v, Scalar* k_before, Scalar* a_u_before, double h,
                             double c, double h_before, double c_before, double quantum_z, double quantum_v, std::int64_t count, Note note,
                             cudaStream_t stream);

/// `largest`, in memory of the device, becomes the largest of itself and |a - b|.
void lattice_difference(const std::int64_t* a, const std::int64_t* b, std::int64_t count, unsigned long long* largest, cudaStream_t stream);

}  // namespace neuralode::kernels::cuda
