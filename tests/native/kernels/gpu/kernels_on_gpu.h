// The kernels under the names and with the arguments of the CPU's, run on a GPU: arrays are copied there, at the same distance from an
// aligned address, and back. In builds without CUDA they are never called: need_device() skips every test.
#pragma once

#pragma GCC diagnostic ignored "-Wunused-parameter"  // in those builds

#include <gtest/gtest.h>

#include <cstdint>

#include "kernels/cpu/alf.h"
#include "kernels/cpu/lattice.h"
#include "kernels/gpu/mirror.h"

namespace neuralode::kernels::testing {

namespace on_gpu {

#if defined(NEURALODE_CUDA)
#define NEURALODE_GPU_BODY(...) __VA_ARGS__
namespace gpu = kernels::cuda;
#else
#define NEURALODE_GPU_BODY(...) return {}
#endif
// One line a kernel: M is the mirror; in() and out() give the arrays there, fine() and flags() what was noted.

template <class S>
Done alf_head(const S* z, const S* v, S* k, double h, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::alf_head(M.in(z), M.in(v), M.out(k), h, n, M.stream()); return M.done());
}
template <class S>
bool alf_tail(const S* k, const S* v, const S* u, S* z_next, S* v_next, double h, double eta, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n);
                     gpu::alf_tail(M.in(k), M.in(v), M.in(u), M.out(z_next), M.out(v_next), h, eta, n, M.note(), M.stream());
                     return M.fine());
}
template <class S>
bool alf_advance(const S* k, const S* v, const S* u, S* k_next, S* v_next, double h, double h_next, double eta, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n);
                     gpu::alf_advance(M.in(k), M.in(v), M.in(u), M.out(k_next), M.out(v_next), h, h_next, eta, n, M.note(), M.stream());
                     return M.fine());
}
template <class S>
Done alf_reverse_head(const S* z, const S* v, const S* a_z, const S* a_v, S* k, S* a_u, double h, double eta, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::alf_reverse_head(M.in(z), M.in(v), M.in(a_z), M.in(a_v), M.out(k), M.out(a_u), h, eta, n, M.stream());
                     return M.done());
}
template <class S>
Done alf_reverse_tail(const S* k, const S* v_next, const S* u, const S* g, const S* a_u, S* z, S* v, S* a_z, S* a_v, double h, double eta,
                      std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::alf_reverse_tail(M.in(k), M.in(v_next), M.in(u), M.in(g), M.in(a_u), M.out(z), M.out(v), M.out(a_z),
                                                        M.out(a_v), h, eta, n, M.stream());
                     return M.done());
}
template <class S>
Done alf_reverse_advance(const S* k, const S* v_next, const S* u, const S* g, const S* a_u, S* k_before, S* v, S* a_z, S* a_u_before,
                         double h, double h_before, double eta, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::alf_reverse_advance(M.in(k), M.in(v_next), M.in(u), M.in(g), M.in(a_u), M.out(k_before), M.out(v),
                                                           M.out(a_z), M.out(a_u_before), h, h_before, eta, n, M.stream());
                     return M.done());
}
template <class S>
double alf_error(const S* z, const S* z_next, const S* u, const S* v, double h, double rtol, double atol, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::alf_error(M.in(z), M.in(z_next), M.in(u), M.in(v), h, rtol, atol, n, M.numbers(), M.work(), M.stream());
                     return M.number(0));
}
template <class S>
double dot(const S* a, const S* b, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::dot(M.in(a), M.in(b), n, M.numbers(), M.work(), M.stream()); return M.number(0));
}
template <class S>
bool all_finite(const S* a, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::note_non_finite(M.in(a), n, M.note(), M.stream()); return M.fine());
}
template <class S>
Difference difference(const S* a, const S* b, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::difference(M.in(a), M.in(b), n, M.numbers(), M.stream()); return {M.number(0), M.number(1)});
}
template <class S>
bool combine(const S* base, const S* const* terms, const double* weights, std::int32_t count, S* out, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); std::vector<const S*> there; for (std::int32_t j = 0; j < count; ++j) there.push_back(M.in(terms[j]));
                     gpu::combine(base == nullptr ? base : M.in(base), there.data(), weights, count, M.out(out), n, M.note(), M.stream());
                     return M.fine());
}
template <class S>
double scaled_error(const S* e, const S* z, const S* z_next, double rtol, double atol, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::scaled_error(M.in(e), M.in(z), M.in(z_next), rtol, atol, n, M.numbers(), M.work(), M.stream());
                     return M.number(0));
}

template <class S>
std::int32_t lattice_start(const S* v, std::int64_t* V, double quantum_v, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_start(M.in(v), M.out(V), quantum_v, n, M.note(), M.stream()); return M.flags());
}
template <class S>
Done lattice_state(const S* z0, const std::int64_t* Z, S* z, double quantum_z, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_state(M.in(z0), M.in(Z), M.out(z), quantum_z, n, M.stream()); return M.done());
}
template <class S>
Done lattice_velocity(const std::int64_t* V, S* v, double quantum_v, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_velocity(M.in(V), M.out(v), quantum_v, n, M.stream()); return M.done());
}
template <class S>
Done lattice_head(const S* z0, const std::int64_t* Z, const std::int64_t* V, S* k, double c, double quantum_z, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_head(M.in(z0), M.in(Z), M.in(V), M.out(k), c, quantum_z, n, M.stream()); return M.done());
}
template <class S>
std::int32_t lattice_tail(const std::int64_t* Z, const std::int64_t* V, const S* u, std::int64_t* Z_next, std::int64_t* V_next, double c,
                          double quantum_v, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_tail(M.in(Z), M.in(V), M.in(u), M.out(Z_next), M.out(V_next), c, quantum_v, n, M.note(),
                                                    M.stream());
                     return M.flags());
}
template <class S>
std::int32_t lattice_advance(const S* z0, const std::int64_t* Z, const std::int64_t* V, const S* u, std::int64_t* Z_next,
                             std::int64_t* V_next, S* k_next, double c, double c_next, double quantum_z, double quantum_v, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_advance(M.in(z0), M.in(Z), M.in(V), M.in(u), M.out(Z_next), M.out(V_next), M.out(k_next), c,
                                                       c_next, quantum_z, quantum_v, n, M.note(), M.stream());
                     return M.flags());
}
template <class S>
Done lattice_reverse_head(const S* z0, const std::int64_t* Z, const std::int64_t* V, const S* a_z, const S* a_v, S* k, S* a_u, double h,
                          double c, double quantum_z, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_reverse_head(M.in(z0), M.in(Z), M.in(V), M.in(a_z), M.in(a_v), M.out(k), M.out(a_u), h, c,
                                                            quantum_z, n, M.stream());
                     return M.done());
}
template <class S>
std::int32_t lattice_reverse_tail(const std::int64_t* Z_next, const std::int64_t* V_next, const S* u, const S* g, std::int64_t* Z,
                                  std::int64_t* V, S* a_z, S* a_v, double h, double c, double quantum_v, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_reverse_tail(M.in(Z_next), M.in(V_next), M.in(u), M.in(g), M.out(Z), M.out(V), M.out(a_z),
                                                            M.out(a_v), h, c, quantum_v, n, M.note(), M.stream());
                     return M.flags());
}
template <class S>
std::int32_t lattice_reverse_advance(const S* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const S* u, const S* g,
                                     std::int64_t* Z, std::int64_t* V, S* a_z, S* a_v, S* k_before, S* a_u_before, double h, double c,
                                     double h_before, double c_before, double quantum_z, double quantum_v, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n);
                     gpu::lattice_reverse_advance(M.in(z0), M.in(Z_next), M.in(V_next), M.in(u), M.in(g), M.out(Z), M.out(V), M.out(a_z),
                                                  M.out(a_v), M.out(k_before), M.out(a_u_before), h, c, h_before, c_before, quantum_z,
                                                  quantum_v, n, M.note(), M.stream());
                     return M.flags());
}
inline double lattice_difference(const std::int64_t* a, const std::int64_t* b, std::int64_t n) {
  NEURALODE_GPU_BODY(Mirror M(n); gpu::lattice_difference(M.in(a), M.in(b), n, M.largest(), M.stream());
                     return static_cast<double>(M.largest_met()));
}

#undef NEURALODE_GPU_BODY

}  // namespace on_gpu

namespace device = on_gpu;

}  // namespace neuralode::kernels::testing
