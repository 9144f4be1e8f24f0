#include "kernels/cpu/lattice.h"

#include "kernels/cpu/clones.h"
#include "kernels/lattice_element.h"

namespace neuralode::kernels {

namespace {

template <class Scalar>
NEURALODE_INLINE std::int32_t start_loop(const Scalar* v, std::int64_t* V, double quantum_v, std::int64_t count) {
  element::Flags flags = lattice_fine;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto start = element::start(load(v[i]), quantum_v);
    V[i] = start.V;
    flags |= start.flags;
  }
  return static_cast<std::int32_t>(flags);
}

template <class Scalar>
NEURALODE_INLINE void state_loop(const Scalar* z0, const std::int64_t* Z, Scalar* z, double quantum_z, std::int64_t count) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) store(z[i], static_cast<Compute<Scalar>>(element::state(load(z0[i]), Z[i], quantum_z)));
}

template <class Scalar>
NEURALODE_INLINE void velocity_loop(const std::int64_t* V, Scalar* v, double quantum_v, std::int64_t count) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) store(v[i], static_cast<Compute<Scalar>>(element::velocity(V[i], quantum_v)));
}

template <class Scalar>
NEURALODE_INLINE void head_loop(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, Scalar* k, double c, double quantum_z,
                                std::int64_t count) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) store(k[i], static_cast<Compute<Scalar>>(element::head(load(z0[i]), Z[i], V[i], c, quantum_z)));
}

template <class Scalar>
NEURALODE_INLINE std::int32_t tail_loop(const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next,
                                        std::int64_t* V_next, double c, double quantum_v, std::int64_t count) {
  element::Flags flags = lattice_fine;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto next = element::tail(Z[i], V[i], load(u[i]), c, quantum_v);
    Z_next[i] = next.Z;
    V_next[i] = next.V;
    flags |= next.flags;
  }
  return static_cast<std::int32_t>(flags);
}

template <class Scalar>
NEURALODE_INLINE std::int32_t advance_loop(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, const Scalar* u,
                                           std::int64_t* Z_next, std::int64_t* V_next, Scalar* k_next, double c, double c_next,
                                           double quantum_z, double quantum_v, std::int64_t count) {
  element::Flags flags = lattice_fine;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto next = element::tail(Z[i], V[i], load(u[i]), c, quantum_v);
    Z_next[i] = next.Z;
    V_next[i] = next.V;
    store(k_next[i], static_cast<Compute<Scalar>>(element::head(load(z0[i]), next.Z, next.V, c_next, quantum_z)));
    flags |= next.flags;
  }
  return static_cast<std::int32_t>(flags);
}

template <class Scalar>
NEURALODE_INLINE void reverse_head_loop(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* a_z,
                                        const Scalar* a_v, Scalar* k, Scalar* a_u, double h, double c, double quantum_z,
                                        std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto half = static_cast<Real>(h / 2);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto midpoint = static_cast<Real>(element::head(load(z0[i]), Z_next[i], V_next[i], -c, quantum_z));
    const Real cotangent = element::reverse_head(load(a_z[i]), load(a_v[i]), half);
    store(k[i], midpoint);
    store(a_u[i], cotangent);
  }
}

template <class Scalar>
NEURALODE_INLINE std::int32_t reverse_tail_loop(const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g,
                                                std::int64_t* Z, std::int64_t* V, Scalar* a_z, Scalar* a_v, double h, double c,
                                                double quantum_v, std::int64_t count) {
  const auto half = static_cast<Compute<Scalar>>(h / 2);
  element::Flags flags = lattice_fine;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto before = element::tail(Z_next[i], V_next[i], load(u[i]), -c, quantum_v);
    const auto cotangent = element::reverse_tail(load(a_z[i]), load(a_v[i]), load(g[i]), half);
    Z[i] = before.Z;
    V[i] = before.V;
    store(a_z[i], cotangent.a_z);
    store(a_v[i], cotangent.a_v);
    flags |= before.flags;
  }
  return static_cast<std::int32_t>(flags);
}

template <class Scalar>
NEURALODE_INLINE std::int32_t reverse_advance_loop(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next,
                                                   const Scalar* u, const Scalar* g, std::int64_t* Z, std::int64_t* V, Scalar* a_z,
                                                   Scalar* a_v, Scalar* k_before, Scalar* a_u_before, double h, double c, double h_before,
                                                   double c_before, double quantum_z, double quantum_v, std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto half = static_cast<Real>(h / 2), half_before = static_cast<Real>(h_before / 2);
  element::Flags flags = lattice_fine;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto before = element::tail(Z_next[i], V_next[i], load(u[i]), -c, quantum_v);
    const auto cotangent = element::reverse_tail(load(a_z[i]), load(a_v[i]), load(g[i]), half);
    Z[i] = before.Z;
    V[i] = before.V;
    store(a_z[i], cotangent.a_z);
    store(a_v[i], cotangent.a_v);
    store(k_before[i], static_cast<Real>(element::head(load(z0[i]), before.Z, before.V, -c_before, quantum_z)));
    store(a_u_before[i], element::reverse_head(load(a_z[i]), load(a_v[i]), half_before));
    flags |= before.flags;
  }
  return static_cast<std::int32_t>(flags);
}

NEURALODE_INLINE double difference_loop(const std::int64_t* a, const std::int64_t* b, std::int64_t count) {
  std::uint64_t largest = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t i = 0; i < count; ++i) {
    const auto apart = element::difference(a[i], b[i]);
    largest = apart > largest ? apart : largest;
  }
  return static_cast<double>(largest);
}

}  // namespace

// One set of exported specialisations an element type: clones cannot be made of templates.
#define NEURALODE_LATTICE_KERNELS(Scalar)                                                                                                 \
  template <>                                                                                                                             \
  NEURALODE_CLONES std::int32_t lattice_start(const Scalar* v, std::int64_t* V, double quantum_v, std::int64_t count) {                   \
    return start_loop(v, V, quantum_v, count);                                                                                            \
  }                                                                                                                                       \
  template <>                                                                                                                             \
  NEURALODE_CLONES void lattice_state(const Scalar* z0, const std::int64_t* Z, Scalar* z, double quantum_z, std::int64_t count) {         \
    state_loop(z0, Z, z, quantum_z, count);                                                                                               \
  }                                                                                                                                       \
  template <>                                                                                                                             \
  NEURALODE_CLONES void lattice_velocity(const std::int64_t* V, Scalar* v, double quantum_v, std::int64_t count) {                        \
    velocity_loop(V, v, quantum_v, count);                                                                                                \
  }                                                                                                                                       \
  template <>                                                                                                                             \
  NEURALODE_CLONES void lattice_head(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, Scalar* k, double c,                 \
                                     double quantum_z, std::int64_t count) {                                                              \
    head_loop(z0, Z, V, k, c, quantum_z, count);                                                                                          \
  }                                                                                                                                       \
  template <>                                                                                                                             \
  NEURALODE_CLONES std::int32_t lattice_tail(const std::int64_t* Z, const std::int64_t* V, const Scalar* u, std::int64_t* Z_next,         \
                                             std::int64_t* V_next, double c, double quantum_v, std::int64_t count) {                      \
    return tail_loop(Z, V, u, Z_next, V_next, c, quantum_v, count);                                                                       \
  }                                                                                                                                       \
  template <>                                                                                                                             \
  NEURALODE_CLONES std::int32_t lattice_advance(const Scalar* z0, const std::int64_t* Z, const std::int64_t* V, const Scalar* u,          \
                                                std::int64_t* Z_next, std::int64_t* V_next, Scalar* k_next, double c, double c_next,      \
                                                double quantum_z, double quantum_v, std::int64_t count) {                                 \
    return advance_loop(z0, Z, V, u, Z_next, V_next, k_next, c, c_next, quantum_z, quantum_v, count);                                     \
  }                                                                                                                                       \
  template <>                                                                                                                             \
  NEURALODE_CLONES void lattice_reverse_head(const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* a_z, \
                                             const Scalar* a_v, Scalar* k, Scalar* a_u, double h, double c, double quantum_z,             \
                                             std::int64_t count) {                                                                        \
    reverse_head_loop(z0, Z_next, V_next, a_z, a_v, k, a_u, h, c, quantum_z, count);                                                      \
  }                                                                                                                                       \
  template <>                                                                                                                             \
  NEURALODE_CLONES std::int32_t lattice_reverse_tail(const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u,             \
                                                     const Scalar* g, std::int64_t* Z, std::int64_t* V, Scalar* a_z, Scalar* a_v,         \
                                                     double h, double c, double quantum_v, std::int64_t count) {                          \
    return reverse_tail_loop(Z_next, V_next, u, g, Z, V, a_z, a_v, h, c, quantum_v, count);                                               \
  }                                                                                                                                       \
  template <>                                                                                                                             \
  NEURALODE_CLONES std::int32_t lattice_reverse_advance(                                                                                  \
      const Scalar* z0, const std::int64_t* Z_next, const std::int64_t* V_next, const Scalar* u, const Scalar* g, std::int64_t* Z,        \
      std::int64_t* V, Scalar* a_z, Scalar* a_v, Scalar* k_before, Scalar* a_u_before, double h, double c, double h_before,               \
      double c_before, double quantum_z, double quantum_v, std::int64_t count) {                                                          \
    return reverse_advance_loop(z0, Z_next, V_next, u, g, Z, V, a_z, a_v, k_before, a_u_before, h, c, h_before, c_before, quantum_z,      \
                                quantum_v, count);                                                                                        \
  }

NEURALODE_LATTICE_KERNELS(float)
NEURALODE_LATTICE_KERNELS(double)
NEURALODE_LATTICE_KERNELS(BFloat16)
NEURALODE_LATTICE_KERNELS(Float16)

NEURALODE_CLONES double lattice_difference(const std::int64_t* a, const std::int64_t* b, std::int64_t count) {
  return difference_loop(a, b, count);
}

}  // namespace neuralode::kernels
