#include "kernels/alf_element.h"
#include "kernels/cuda/alf.h"
#include "kernels/cuda/launch.cuh"

namespace neuralode::kernels::cuda {

namespace {

// No __restrict__: an output may be the very array of an input. All inputs of a pack are read before its first output is written.

template <class Scalar>
__global__ void head_kernel(Range range, const Scalar* z, const Scalar* v, Scalar* k, Compute<Scalar> half) {
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto Z = get<n>(z + i);
    const auto V = get<n>(v + i);
    Pack<Scalar, n> K;
#pragma unroll
    for (int j = 0; j < n; ++j) store(K.at[j], element::alf_head(load(Z.at[j]), load(V.at[j]), half));
    put(k + i, K);
  });
}

template <class Scalar>
__global__ void tail_kernel(Range range, const Scalar* k, const Scalar* v, const Scalar* u, Scalar* z_next, Scalar* v_next,
                            element::AlfConstants<Compute<Scalar>> c, Note note) {
  Compute<Scalar> poison = 0;  // 0 * x is NaN exactly where x is infinite or NaN
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto K = get<n>(k + i);
    const auto V = get<n>(v + i);
    const auto U = get<n>(u + i);
    Pack<Scalar, n> Z, W;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const auto next = element::alf_tail(load(K.at[j]), load(V.at[j]), load(U.at[j]), c);
      store(W.at[j], next.v);
      store(Z.at[j], next.z);
      poison += load(Z.at[j]) * 0 + load(W.at[j]) * 0;
    }
    put(v_next + i, W);
    put(z_next + i, Z);
  });
  write_down(note, !(poison == 0));
}

template <class Scalar>
__global__ void advance_kernel(Range range, const Scalar* k, const Scalar* v, const Scalar* u, Scalar* k_next, Scalar* v_next,
                               element::AlfConstants<Compute<Scalar>> c, Note note) {
  Compute<Scalar> poison = 0;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto K = get<n>(k + i);
    const auto V = get<n>(v + i);
    const auto U = get<n>(u + i);
    Pack<Scalar, n> L, W;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const auto next = element::alf_tail(load(K.at[j]), load(V.at[j]), load(U.at[j]), c);
      const auto z_next = element::as_stored<Scalar>(next.z);
      store(W.at[j], next.v);
      store(L.at[j], element::alf_head(z_next, load(W.at[j]), c.other));
      poison += z_next * 0 + load(W.at[j]) * 0;
    }
    put(v_next + i, W);
    put(k_next + i, L);
  });
  write_down(note, !(poison == 0));
}

template <class Scalar>
__global__ void reverse_head_kernel(Range range, const Scalar* z_next, const Scalar* v_next, const Scalar* a_z, const Scalar* a_v,
                                    Scalar* k, Scalar* a_u, element::AlfConstants<Compute<Scalar>> c) {
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto Z = get<n>(z_next + i);
    const auto V = get<n>(v_next + i);
    const auto A = get<n>(a_z + i);
    const auto B = get<n>(a_v + i);
    Pack<Scalar, n> K, U;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      store(K.at[j], element::alf_head(load(Z.at[j]), load(V.at[j]), -c.half));
      store(U.at[j], element::alf_reverse_head(load(A.at[j]), load(B.at[j]), c.half, c.gain));
    }
    put(k + i, K);
    put(a_u + i, U);
  });
}

template <class Scalar>
__global__ void reverse_tail_kernel(Range range, const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g,
                                    const Scalar* a_u, Scalar* z, Scalar* v, Scalar* a_z, Scalar* a_v,
                                    element::AlfConstants<Compute<Scalar>> c) {
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto K = get<n>(k + i);
    const auto V = get<n>(v_next + i);
    const auto U = get<n>(u + i);
    const auto G = get<n>(g + i);
    const auto S = get<n>(a_u + i);
    auto A = get<n>(a_z + i);
    Pack<Scalar, n> Z, W, B;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const auto before = element::alf_reverse_state(load(K.at[j]), load(V.at[j]), load(U.at[j]), c);
      const auto cotangent = element::alf_reverse_cotangent(load(A.at[j]), load(S.at[j]), load(G.at[j]), c);
      store(W.at[j], before.v);
      store(Z.at[j], before.z);
      store(A.at[j], cotangent.a_z);
      store(B.at[j], cotangent.a_v);
    }
    put(v + i, W);
    put(z + i, Z);
    put(a_z + i, A);
    put(a_v + i, B);
  });
}

template <class Scalar>
__global__ void reverse_advance_kernel(Range range, const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g,
                                       const Scalar* a_u, Scalar* k_before, Scalar* v, Scalar* a_z, Scalar* a_u_before,
                                       element::AlfConstants<Compute<Scalar>> c) {
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto K = get<n>(k + i);
    const auto V = get<n>(v_next + i);
    const auto U = get<n>(u + i);
    const auto G = get<n>(g + i);
    const auto S = get<n>(a_u + i);
    auto A = get<n>(a_z + i);
    Pack<Scalar, n> L, W, T;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const auto before = element::alf_reverse_state(load(K.at[j]), load(V.at[j]), load(U.at[j]), c);
      const auto cotangent = element::alf_reverse_cotangent(load(A.at[j]), load(S.at[j]), load(G.at[j]), c);
      store(W.at[j], before.v);
      store(A.at[j], cotangent.a_z);
      store(L.at[j], element::alf_head(element::as_stored<Scalar>(before.z), load(W.at[j]), -c.other));
      store(T.at[j], element::alf_reverse_head(load(A.at[j]), element::as_stored<Scalar>(cotangent.a_v), c.other, c.gain));
    }
    put(v + i, W);
    put(a_z + i, A);
    put(k_before + i, L);
    put(a_u_before + i, T);
  });
}

}  // namespace

template <class Scalar>
void alf_head(const Scalar* z, const Scalar* v, Scalar* k, double h, std::int64_t count, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("alf_head", head_kernel<Scalar>, range_of<width>(count, z, v, k), stream, z, v, k, static_cast<Compute<Scalar>>(h / 2));
}

template <class Scalar>
void alf_tail(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* z_next, Scalar* v_next, double h, double eta, std::int64_t count,
              Note note, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("alf_tail", tail_kernel<Scalar>, range_of<width>(count, k, v, u, z_next, v_next), stream, k, v, u, z_next, v_next,
                element::alf_constants<Compute<Scalar>>(h, eta), note);
}

template <class Scalar>
void alf_advance(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* k_next, Scalar* v_next, double h, double h_next, double eta,
                 std::int64_t count, Note note, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("alf_advance", advance_kernel<Scalar>, range_of<width>(count, k, v, u, k_next, v_next), stream, k, v, u, k_next, v_next,
                element::alf_constants<Compute<Scalar>>(h, eta, h_next), note);
}

template <class Scalar>
void alf_reverse_head(const Scalar* z_next, const Scalar* v_next, const Scalar* a_z, const Scalar* a_v, Scalar* k, Scalar* a_u, double h,
                      double eta, std::int64_t count, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("alf_reverse_head", reverse_head_kernel<Scalar>, range_of<width>(count, z_next, v_next, a_z, a_v, k, a_u), stream, z_next,
                v_next, a_z, a_v, k, a_u, element::alf_constants<Compute<Scalar>>(h, eta));
}

template <class Scalar>
void alf_reverse_tail(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u, Scalar* z, Scalar* v,
                      Scalar* a_z, Scalar* a_v, double h, double eta, std::int64_t count, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("alf_reverse_tail", reverse_tail_kernel<Scalar>, range_of<width>(count, k, v_next, u, g, a_u, z, v, a_z, a_v), stream, k,
                v_next, u, g, a_u, z, v, a_z, a_v, element::alf_constants<Compute<Scalar>>(h, eta));
}

template <class Scalar>
void alf_reverse_advance(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u, Scalar* k_before,
                         Scalar* v, Scalar* a_z, Scalar* a_u_before, double h, double h_before, double eta, std::int64_t count,
                         cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("alf_reverse_advance", reverse_advance_kernel<Scalar>, range_of<width>(count, k, v_next, u, g, a_u, k_before, v, a_z, a_u_before),
                stream, k, v_next, u, g, a_u, k_before, v, a_z, a_u_before, element::alf_constants<Compute<Scalar>>(h, eta, h_before));
}

#define NEURALODE_ALF_LAUNCHERS(Scalar)                                                                                                      \
  template void alf_head(const Scalar*, const Scalar*, Scalar*, double, std::int64_t, cudaStream_t);                                         \
  template void alf_tail(const Scalar*, const Scalar*, const Scalar*, Scalar*, Scalar*, double, double, std::int64_t, Note, cudaStream_t);   \
  template void alf_advance(const Scalar*, const Scalar*, const Scalar*, Scalar*, Scalar*, double, double, double, std::int64_t, Note,       \
                            cudaStream_t);                                                                                                   \
  template void alf_reverse_head(const Scalar*, const Scalar*, const Scalar*, const Scalar*, Scalar*, Scalar*, double, double, std::int64_t, \
                                 cudaStream_t);                                                                                              \
  template void alf_reverse_tail(const Scalar*, const Scalar*, const Scalar*, const Scalar*, const Scalar*, Scalar*, Scalar*, Scalar*,       \
                                 Scalar*, double, double, std::int64_t, cudaStream_t);                                                       \
  template void alf_reverse_advance(const Scalar*, const Scalar*, const Scalar*, const Scalar*, const Scalar*, Scalar*, Scalar*, Scalar*,    \
                                    Scalar*, double, double, double, std::int64_t, cudaStream_t);

NEURALODE_ALF_LAUNCHERS(float)
NEURALODE_ALF_LAUNCHERS(double)
NEURALODE_ALF_LAUNCHERS(BFloat16)
NEURALODE_ALF_LAUNCHERS(Float16)

}  // namespace neuralode::kernels::cuda
