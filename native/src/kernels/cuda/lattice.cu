#include "kernels/cuda/lattice.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/lattice_element.h"

namespace neuralode::kernels::cuda {

namespace {

// No __restrict__: an output may be the very array of an input. All inputs of a pack are read before its first output is written.

__device__ __forceinline__ void write_down(const Note& note, element::Flags met) {
  write_down(note, (met & lattice_non_finite) != 0, noted_non_finite);
  write_down(note, (met & lattice_overflow) != 0, noted_overflow);
}

template <class Scalar>
__global__ void start_kernel(Range range, const Scalar* v, std::int64_t* V, double quantum_v, Note note) {
  element::Flags met = lattice_fine;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto from = get<n>(v + i);
    Pack<std::int64_t, n> to;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const auto start = element::start(load(from.at[j]), quantum_v);
      to.at[j] = start.V;
      met |= start.flags;
    }
    put(V + i, to);
  });
  write_down(note, met);
}

template <class Scalar>
__global__ void state_kernel(Range range, const Scalar* z0, const std::int64_t* Z, Scalar* z, double quantum_z) {
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto start = get<n>(z0 + i);
    const auto displaced = get<n>(Z + i);
    Pack<Scalar, n> to;
#pragma unroll
    for (int j = 0; j < n; ++j)
      store(to.at[j], static_cast<Compute<Scalar>>(element::state(load(start.at[j]), displaced.at[j], quantum_z)));
    put(z + i, to);
  });
}

template <class Scalar>
__global__ void velocity_kernel(Range range, const std::int64_t* V, Scalar* v, double quantum_v) {
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto from = get<n>(V + i);
    Pack<Scalar, n> to;
#pragma unroll
    for (int j = 0; j < n; ++j) store(to.at[j], static_cast<Compute<Scalar>>(element::velocity(from.at[j], quantum_v)));
    put(v + i, to);
  });
}

template <class Scalar>
__global__ void head_kernel(Range range, const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, Scalar* k, double c,
                            double quantum_z) {
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto start = get<n>(z0 + i);
    const auto P = get<n>(Z + i);
    const auto Q = get<n>(V + i);
    Pack<Scalar, n> to;
#pragma unroll
    for (int j = 0; j < n; ++j)
      store(to.at[j], static_cast<Compute<Scalar>>(element::head(load(start.at[j]), P.at[j], Q.at[j], c, quantum_z)));
    put(k + i, to);
  });
}

/// head: whether it makes the head of the next step too; z0, k_next, c_next and quantum_z are for that alone.
template <class Scalar, bool head>
__global__ void tail_kernel(Range range, const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, const Scalar* u,
                            std::int64_t* Z_next, std::int64_t* V_next, Scalar* k_next, double c, double c_next, double quantum_z,
                            double quantum_v, Note note) {
  element::Flags met = lattice_fine;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    auto P = get<n>(Z + i);
    auto Q = get<n>(V + i);
    const auto U = get<n>(u + i);
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const auto next = element::tail(P.at[j], Q.at[j], load(U.at[j]), c, quantum_v);
      P.at[j] = next.Z;
      Q.at[j] = next.V;
      met |= next.flags;
    }
    if constexpr (head) {
      const auto start = get<n>(z0 + i);
      Pack<Scalar, n> K;
#pragma unroll
      for (int j = 0; j < n; ++j)
        store(K.at[j], static_cast<Compute<Scalar>>(element::head(load(start.at[j]), P.at[j], Q.at[j], c_next, quantum_z)));
      put(k_next + i, K);
    }
    put(Z_next + i, P);
    put(V_next + i, Q);
  });
  write_down(note, met);
}

template <class Scalar>
__global__ void reverse_head_kernel(Range range, const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next,
                                    const Scalar* a_z, const Scalar* a_v, Scalar* k, Scalar* a_u, Compute<Scalar> half, double c,
                                    double quantum_z) {
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto start = get<n>(z0 + i);
    const auto P = get<n>(Z_next + i);
    const auto Q = get<n>(V_next + i);
    const auto A = get<n>(a_z + i);
    const auto B = get<n>(a_v + i);
    Pack<Scalar, n> K, S;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      store(K.at[j], static_cast<Compute<Scalar>>(element::head(load(start.at[j]), P.at[j], Q.at[j], -c, quantum_z)));
      store(S.at[j], element::reverse_head(load(A.at[j]), load(B.at[j]), half));
    }
    put(k + i, K);
    put(a_u + i, S);
  });
}

/// head: whether it makes the head of the step before too; z0, k_before, a_u_before, half_before, c_before and quantum_z are for that alone.
template <class Scalar, bool head>
__global__ void reverse_tail_kernel(Range range, const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u,
                                    const Scalar* g, std::int64_t* Z, std::int64_t* V, Scalar* a_z, Scalar* a_v, Scalar* k_before,
                                    Scalar* a_u_before, Compute<Scalar> half, double c, Compute<Scalar> half_before, double c_before,
                                    double quantum_z, double quantum_v, Note note) {
  element::Flags met = lattice_fine;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    auto P = get<n>(Z_next + i);
    auto Q = get<n>(V_next + i);
    const auto U = get<n>(u + i);
    const auto G = get<n>(g + i);
    auto A = get<n>(a_z + i);
    auto B = get<n>(a_v + i);
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const auto before = element::tail(P.at[j], Q.at[j], load(U.at[j]), -c, quantum_v);
      const auto cotangent = element::reverse_tail(load(A.at[j]), load(B.at[j]), load(G.at[j]), half);
      P.at[j] = before.Z;
      Q.at[j] = before.V;
      store(A.at[j], cotangent.a_z);
      store(B.at[j], cotangent.a_v);
      met |= before.flags;
    }
    if constexpr (head) {
      const auto start = get<n>(z0 + i);
      Pack<Scalar, n> K, S;
#pragma unroll
      for (int j = 0; j < n; ++j) {
        store(K.at[j], static_cast<Compute<Scalar>>(element::head(load(start.at[j]), P.at[j], Q.at[j], -c_before, quantum_z)));
        store(S.at[j], element::reverse_head(load(A.at[j]), load(B.at[j]), half_before));
      }
      put(k_before + i, K);
      put(a_u_before + i, S);
    }
    put(Z + i, P);
    put(V + i, Q);
    put(a_z + i, A);
    put(a_v + i, B);
  });
  write_down(note, met);
}

__global__ void difference_kernel(Range range, const std::int64_t* a, const std::int64_t* b, unsigned long long* largest) {
  std::uint64_t met = 0;
  for_each_pack<2>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto A = get<n>(a + i);
    const auto B = get<n>(b + i);
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const auto apart = element::difference(A.at[j], B.at[j]);
      met = apart > met ? apart : met;
    }
  });
  if (met != 0) atomicMax(largest, static_cast<unsigned long long>(met));  // nobody does where the arrays are equal, as they should be
}

}  // namespace

template <class Scalar>
void lattice_start(const Scalar* v, std::int64_t* V, double quantum_v, std::int64_t count, Note note, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_start", start_kernel<Scalar>, range_of<width>(count, v, V), stream, v, V, quantum_v, note);
}

template <class Scalar>
void lattice_state(const Scalar* z0, const std::int64_t* Z, Scalar* z, double quantum_z, std::int64_t count, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_state", state_kernel<Scalar>, range_of<width>(count, z0, Z, z), stream, z0, Z, z, quantum_z);
}

template <class Scalar>
void lattice_velocity(const std::int64_t* V, Scalar* v, double quantum_v, std::int64_t count, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_velocity", velocity_kernel<Scalar>, range_of<width>(count, V, v), stream, V, v, quantum_v);
}

template <class Scalar>
void lattice_head(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, Scalar* k, double c, double quantum_z, std::int64_t count,
                  cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_head", head_kernel<Scalar>, range_of<width>(count, z0, Z, V, k), stream, z0, Z, V, k, c, quantum_z);
}

template <class Scalar>
void lattice_tail(const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next, std::int64_t* V_next, double c,
                  double quantum_v, std::int64_t count, Note note, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_tail", tail_kernel<Scalar, false>, range_of<width>(count, Z, V, u, Z_next, V_next), stream,
                static_cast<const Scalar*>(nullptr), Z, V, u, Z_next, V_next, static_cast<Scalar*>(nullptr), c, 0.0, 0.0, quantum_v, note);
}

template <class Scalar>
void lattice_advance(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next,
                     std::int64_t* V_next, Scalar* k_next, double c, double c_next, double quantum_z, double quantum_v, std::int64_t count,
                     Note note, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_advance", tail_kernel<Scalar, true>, range_of<width>(count, z0, Z, V, u, Z_next, V_next, k_next), stream, z0, Z, V,
                u, Z_next, V_next, k_next, c, c_next, quantum_z, quantum_v, note);
}

template <class Scalar>
void lattice_reverse_head(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* a_z, const Scalar* a_v,
                          Scalar* k, Scalar* a_u, double h, double c, double quantum_z, std::int64_t count, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_reverse_head", reverse_head_kernel<Scalar>, range_of<width>(count, z0, Z_next, V_next, a_z, a_v, k, a_u), stream, z0,
                Z_next, V_next, a_z, a_v, k, a_u, static_cast<Compute<Scalar>>(h / 2), c, quantum_z);
}

template <class Scalar>
void lattice_reverse_tail(const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g, std::int64_t* Z,
                          std::int64_t* V, Scalar* a_z, Scalar* a_v, double h, double c, double quantum_v, std::int64_t count, Note note,
                          cudaStream_t stream) {
  using Real = Compute<Scalar>;
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_reverse_tail", reverse_tail_kernel<Scalar, false>, range_of<width>(count, Z_next, V_next, u, g, Z, V, a_z, a_v),
                stream, static_cast<const Scalar*>(nullptr), Z_next, V_next, u, g, Z, V, a_z, a_v, static_cast<Scalar*>(nullptr),
                static_cast<Scalar*>(nullptr), static_cast<Real>(h / 2), c, Real(0), 0.0, 0.0, quantum_v, note);
}

template <class Scalar>
void lattice_reverse_advance(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g,
                             std::int64_t* Z, std::int64_t* V, Scalar* a_z, Scalar* a_v, Scalar* k_before, Scalar* a_u_before, double h,
                             double c, double h_before, double c_before, double quantum_z, double quantum_v, std::int64_t count, Note note,
                             cudaStream_t stream) {
  using Real = Compute<Scalar>;
  constexpr int width = pack_width<Scalar>;
  launch<width>("lattice_reverse_advance", reverse_tail_kernel<Scalar, true>,
                range_of<width>(count, z0, Z_next, V_next, u, g, Z, V, a_z, a_v, k_before, a_u_before), stream, z0, Z_next, V_next, u, g, Z, V,
                a_z, a_v, k_before, a_u_before, static_cast<Real>(h / 2), c, static_cast<Real>(h_before / 2), c_before, quantum_z, quantum_v,
                note);
}

void lattice_difference(const std::int64_t* a, const std::int64_t* b, std::int64_t count, unsigned long long* largest,
                        cudaStream_t stream) {
  launch<2>("lattice_difference", difference_kernel, range_of<2>(count, a, b), stream, a, b, largest);
}

#define NEURALODE_LATTICE_LAUNCHERS(Scalar)                                                                                               \
  template void lattice_start(const Scalar*, std::int64_t*, double, std::int64_t, Note, cudaStream_t);                                    \
  template void lattice_state(const Scalar*, const std::int64_t*, Scalar*, double, std::int64_t, cudaStream_t);                           \
  template void lattice_velocity(const std::int64_t*, Scalar*, double, std::int64_t, cudaStream_t);                                       \
  template void lattice_head(const Scalar*, const std::int64_t*, const std::int64_t*, Scalar*, double, double, std::int64_t,              \
                             cudaStream_t);                                                                                               \
  template void lattice_tail(const std::int64_t*, const std::int64_t*, const Scalar*, std::int64_t*, std::int64_t*, double, double,       \
                             std::int64_t, Note, cudaStream_t);                                                                           \
  template void lattice_advance(const Scalar*, const std::int64_t*, const std::int64_t*, const Scalar*, std::int64_t*, std::int64_t*,     \
                                Scalar*, double, double, double, double, std::int64_t, Note, cudaStream_t);                               \
  template void lattice_reverse_head(const Scalar*, const std::int64_t*, const std::int64_t*, const Scalar*, const Scalar*, Scalar*,      \
                                     Scalar*, double, double, double, std::int64_t, cudaStream_t);                                        \
  template void lattice_reverse_tail(const std::int64_t*, const std::int64_t*, const Scalar*, const Scalar*, std::int64_t*,               \
                                     std::int64_t*, Scalar*, Scalar*, double, double, double, std::int64_t, Note, cudaStream_t);          \
  template void lattice_reverse_advance(const Scalar*, const std::int64_t*, const std::int64_t*, const Scalar*, const Scalar*,            \
                                        std::int64_t*, std::int64_t*, Scalar*, Scalar*, Scalar*, Scalar*, double, double, double, double, \
                                        double, double, std::int64_t, Note, cudaStream_t);

NEURALODE_LATTICE_LAUNCHERS(float)
NEURALODE_LATTICE_LAUNCHERS(double)
NEURALODE_LATTICE_LAUNCHERS(BFloat16)
NEURALODE_LATTICE_LAUNCHERS(Float16)

}  // namespace neuralode::kernels::cuda
