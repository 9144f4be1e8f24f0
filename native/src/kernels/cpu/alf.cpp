#include "kernels/cpu/alf.h"

#include <cmath>

#include "kernels/cpu/clones.h"

namespace neuralode::kernels {

namespace {

template <class Scalar>
NEURALODE_INLINE void head_loop(const Scalar* z, const Scalar* v, Scalar* k, double h, std::int64_t count) {
  const auto half = static_cast<Compute<Scalar>>(h / 2);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) store(k[i], load(z[i]) + half * load(v[i]));
}

template <class Scalar>
NEURALODE_INLINE bool tail_loop(const Scalar* k, const Scalar* v, const Scalar* u, Scalar* z_next, Scalar* v_next, double h, double eta,
                                std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto half = static_cast<Real>(h / 2);
  const auto keep = static_cast<Real>(1 - 2 * eta), gain = static_cast<Real>(2 * eta);
  Real poison = 0;  // 0 * x is NaN exactly where x is infinite or NaN; an infinite v_next makes z_next so
#pragma omp simd reduction(+ : poison)
  for (std::int64_t i = 0; i < count; ++i) {
    const Real next = keep * load(v[i]) + gain * load(u[i]);
    const Real state = load(k[i]) + half * next;
    store(v_next[i], next);
    store(z_next[i], state);
    poison += load(z_next[i]) * 0;
  }
  return poison == 0;
}

template <class Scalar>
NEURALODE_INLINE double error_loop(const Scalar* z, const Scalar* z_next, const Scalar* u, const Scalar* v, double h, double rtol,
                                   double atol, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    const double before = std::fabs(double(load(z[i]))), after = std::fabs(double(load(z_next[i])));
    const double scaled = h * (double(load(u[i])) - double(load(v[i]))) / (atol + rtol * (before > after ? before : after));
    sum += scaled * scaled;
  }
  return sum;
}

template <class Scalar>
NEURALODE_INLINE void reverse_head_loop(const Scalar* z_next, const Scalar* v_next, const Scalar* a_z, const Scalar* a_v, Scalar* k,
                                        Scalar* a_u, double h, double eta, std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto half = static_cast<Real>(h / 2);
  const auto gain = static_cast<Real>(2 * eta);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const Real midpoint = load(z_next[i]) - half * load(v_next[i]);
    const Real cotangent = gain * (load(a_v[i]) + half * load(a_z[i]));
    store(k[i], midpoint);
    store(a_u[i], cotangent);
  }
}

template <class Scalar>
NEURALODE_INLINE void reverse_tail_loop(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, Scalar* z, Scalar* v,
                                        Scalar* a_z, Scalar* a_v, double h, double eta, std::int64_t count) {
  using Real = Compute<Scalar>;
  const auto half = static_cast<Real>(h / 2);
  const auto keep = static_cast<Real>(1 - 2 * eta), gain = static_cast<Real>(2 * eta), amplify = static_cast<Real>(1 / (1 - 2 * eta));
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const Real velocity = (load(v_next[i]) - gain * load(u[i])) * amplify;
    const Real state = load(k[i]) - half * velocity;
    const Real s = load(a_v[i]) + half * load(a_z[i]);
    const Real a_k = load(a_z[i]) + load(g[i]);
    store(v[i], velocity);
    store(z[i], state);
    store(a_z[i], a_k);
    store(a_v[i], keep * s + half * a_k);
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
  NEURALODE_CLONES void alf_reverse_tail(const Scalar* k, const Scalar* v_next, const Scalar* u, const Scalar* g, Scalar* z, Scalar* v,\
                                         Scalar* a_z, Scalar* a_v, double h, double eta, std::int64_t count) {                          \
    reverse_tail_loop(k, v_next, u, g, z, v, a_z, a_v, h, eta, count);                                                                  \
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

}  // namespace neuralode::kernels
