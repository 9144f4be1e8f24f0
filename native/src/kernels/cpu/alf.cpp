#include "kernels/cpu/alf.h"

#include <cmath>

#include "kernels/alf_element.h"
#include "kernels/cpu/clones.h"

namespace neuralode::kernels {

namespace {

template <class Scalar>
NEURALODE_INLINE void head_loop(const Scalar* z, const Scalar* v, Scalar* k, double h, std::int64_t count) {
  const auto half = static_cast<Compute<Scalar>>(h / 2);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) store(k[i], element::alf_head(load(z[i]), load(v[i]), half));
}

template <class Scalar>
NEURALODE_INLINE bool tail_loop(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* z_next, Scalar* v_next, double h, double eta,
                                std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto c = element::alf_constants<Real>(h, eta);
  Real poison = 0;  // 0 * x is NaN exactly where x is infinite or NaN
#pragma omp simd reduction(+ : poison)
  for (std::int64_t i = 0; i < count; ++i) {
    const auto next = element::alf_tail(load(k[i]), load(v[i]), load(u[i]), c);
    store(v_next[i], next.v);
    store(z_next[i], next.z);
    poison += load(z_next[i]) * 0 + load(v_next[i]) * 0;
  }
  return poison == 0;
}

template <class Scalar>
NEURALODE_INLINE bool advance_loop(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* k_next, Scalar* v_next, double h,
                                   double h_next, double eta, std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto c = element::alf_constants<Real>(h, eta, h_next);
  Real poison = 0;
#pragma omp simd reduction(+ : poison)
  for (std::int64_t i = 0; i < count; ++i) {
    const auto next = element::alf_tail(load(k[i]), load(v[i]), load(u[i]), c);
    const Real z_next = element::as_stored<Scalar>(next.z);
    store(v_next[i], next.v);
    store(k_next[i], element::alf_head(z_next, load(v_next[i]), c.other));
    poison += z_next * 0 + load(v_next[i]) * 0;
  }
  return poison == 0;
}

template <class Scalar>
NEURALODE_INLINE double error_loop(const Scalar* z, const Scalar* z_next, const Scalar* u, const Scalar* v, double h, double rtol,
                                   double atol, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i)
    sum += element::alf_error(load(z[i]), load(z_next[i]), load(u[i]), load(v[i]), h, rtol, atol);
  return sum;
}

template <class Scalar>
NEURALODE_INLINE void reverse_head_loop(const Scalar* z_next, const Scalar* v_next, const Scalar* a_z, const Scalar* a_v, Scalar* k,
                                        Scalar* a_u, double h, double eta, std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto c = element::alf_constants<Real>(h, eta);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const Real midpoint = element::alf_head(load(z_next[i]), load(v_next[i]), -c.half);
    const Real cotangent = element::alf_reverse_head(load(a_z[i]), load(a_v[i]), c.half, c.gain);
    store(k[i], midpoint);
    store(a_u[i], cotangent);
  }
}

template <class Scalar>
NEURALODE_INLINE void reverse_tail_loop(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u,
                                        Scalar* z, Scalar* v, Scalar* a_z, Scalar* a_v, double h, double eta, std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto c = element::alf_constants<Real>(h, eta);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto before = element::alf_reverse_state(load(k[i]), load(v_next[i]), load(u[i]), c);
    const auto cotangent = element::alf_reverse_cotangent(load(a_z[i]), load(a_u[i]), load(g[i]), c);
    store(v[i], before.v);
    store(z[i], before.z);
    store(a_z[i], cotangent.a_z);
    store(a_v[i], cotangent.a_v);
  }
}

template <class Scalar>
NEURALODE_INLINE void reverse_advance_loop(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u,
                                           Scalar* k_before, Scalar* v, Scalar* a_z, Scalar* a_u_before, double h, double h_before,
                                           double eta, std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto c = element::alf_constants<Real>(h, eta, h_before);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const auto before = element::alf_reverse_state(load(k[i]), load(v_next[i]), load(u[i]), c);
    const auto cotangent = element::alf_reverse_cotangent(load(a_z[i]), load(a_u[i]), load(g[i]), c);
    store(v[i], before.v);
    store(a_z[i], cotangent.a_z);
    store(k_before[i], element::alf_head(element::as_stored<Scalar>(before.z), load(v[i]), -c.other));
    store(a_u_before[i],
          element::alf_reverse_head(load(a_z[i]), element::as_stored<Scalar>(cotangent.a_v), c.other, c.gain));
  }
}

template <class Scalar>
NEURALODE_INLINE double dot_loop(const Scalar* a, const Scalar* b, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += double(load(a[i])) * double(load(b[i]));
  return sum;
}

template <class Scalar>
NEURALODE_INLINE bool finite_loop(const Scalar* a, std::int64_t count) {
  Compute<Scalar> sum = 0;  // 0 * x is NaN exactly where x is infinite or NaN
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += load(a[i]) * 0;
  return sum == 0;
}

template <class Scalar>
NEURALODE_INLINE Difference difference_loop(const Scalar* a, const Scalar* b, std::int64_t count) {
  double apart = 0, largest = 0, poison = 0;
#pragma omp simd reduction(max : apart, largest) reduction(+ : poison)
  for (std::int64_t i = 0; i < count; ++i) {
    const double left = load(a[i]), right = load(b[i]);
    const double gap = std::fabs(left - right), size = std::fabs(right);
    apart = gap > apart ? gap : apart;
    largest = size > largest ? size : largest;
    poison += gap * 0;
  }
  return {apart + poison, largest + poison};
}

}  // namespace

// One set of exported specialisations an element type: clones cannot be made of templates.
#define NEURALODE_ALF_KERNELS(Scalar)                                                                                                   \
  template <>                                                                                                                           \
  NEURALODE_CLONES void alf_head(const Scalar* z, const Scalar* v, Scalar* k, double h, std::int64_t count) {                          \
    head_loop(z, v, k, h, count);                                                                                                       \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES bool alf_tail(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* z_next, Scalar* v_next, double h,          \
                                 double eta, std::int64_t count) {                                                                      \
    return tail_loop(k, v, u, z_next, v_next, h, eta, count);                                                                                  \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES bool alf_advance(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* k_next, Scalar* v_next, double h,       \
                                    double h_next, double eta, std::int64_t count) {                                                    \
    return advance_loop(k, v, u, k_next, v_next, h, h_next, eta, count);                                                                \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES double alf_error(const Scalar* z, const Scalar* z_next, const Scalar* u, const Scalar* v, double h, double rtol,    \
                                    double atol, std::int64_t count) {                                                                  \
    return error_loop(z, z_next, u, v, h, rtol, atol, count);                                                                           \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES void alf_reverse_head(const Scalar* z_next, const Scalar* v_next, const Scalar* a_z, const Scalar* a_v, Scalar* k,  \
                                         Scalar* a_u, double h, double eta, std::int64_t count) {                                       \
    reverse_head_loop(z_next, v_next, a_z, a_v, k, a_u, h, eta, count);                                                                 \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES void alf_reverse_tail(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u,    \
                                         Scalar* z, Scalar* v, Scalar* a_z, Scalar* a_v, double h, double eta, std::int64_t count) {    \
    reverse_tail_loop(k, v_next, u, g, a_u, z, v, a_z, a_v, h, eta, count);                                                             \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES void alf_reverse_advance(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, const Scalar* a_u, \
                                            Scalar* k_before, Scalar* v, Scalar* a_z, Scalar* a_u_before, double h, double h_before,    \
                                            double eta, std::int64_t count) {                                                           \
    reverse_advance_loop(k, v_next, u, g, a_u, k_before, v, a_z, a_u_before, h, h_before, eta, count);                                  \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES double dot(const Scalar* a, const Scalar* b, std::int64_t count) {                                                  \
    return dot_loop(a, b, count);                                                                                                       \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES bool all_finite(const Scalar* a, std::int64_t count) {                                                              \
    return finite_loop(a, count);                                                                                                       \
  }                                                                                                                                     \
  template <>                                                                                                                           \
  NEURALODE_CLONES Difference difference(const Scalar* a, const Scalar* b, std::int64_t count) {                                       \
    return difference_loop(a, b, count);                                                                                                \
  }

NEURALODE_ALF_KERNELS(float)
NEURALODE_ALF_KERNELS(double)
NEURALODE_ALF_KERNELS(BFloat16)
NEURALODE_ALF_KERNELS(Float16)

}  // namespace neuralode::kernels
