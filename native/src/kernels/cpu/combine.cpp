#include "kernels/cpu/combine.h"

#include <algorithm>

#include "kernels/cpu/clones.h"
#include "kernels/measure_element.h"

namespace neuralode::kernels {

namespace {

template <class Scalar>
NEURALODE_INLINE bool combine_loop(const Scalar* base, const Scalar* const* terms, const double* weights, std::int32_t terms_count,
                                   Scalar* out, std::int64_t count) {
  using Real = Compute<Scalar>;
  constexpr std::int64_t block = 256;  // of sums, which stay in the first-level cache while the terms stream by
  Real sums[block], poison = 0;
  for (std::int64_t first = 0; first < count; first += block) {
    const auto length = std::min(block, count - first);
    for (std::int64_t i = 0; i < length; ++i) sums[i] = base != nullptr ? load(base[first + i]) : Real(0);
    for (std::int32_t j = 0; j < terms_count; ++j) {
      const auto weight = static_cast<Real>(weights[j]);
      const Scalar* term = terms[j] + first;
#pragma omp simd
      for (std::int64_t i = 0; i < length; ++i) sums[i] += weight * load(term[i]);
    }
#pragma omp simd reduction(+ : poison)
    for (std::int64_t i = 0; i < length; ++i) {
      store(out[first + i], sums[i]);
      poison += load(out[first + i]) * 0;  // 0 * x is NaN exactly where x is infinite or NaN
    }
  }
  return poison == 0;
}

template <class Scalar>
NEURALODE_INLINE double scaled_error_loop(const Scalar* e, const Scalar* z, const Scalar* z_next, double rtol, double atol,
                                          std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i)
    sum += element::scaled_error(double(load(e[i])), double(load(z[i])), double(load(z_next[i])), rtol, atol);
  return sum;
}

}  // namespace

#define NEURALODE_COMBINE_KERNELS(Scalar)                                                                                        \
  template <>                                                                                                                    \
  NEURALODE_CLONES bool combine(const Scalar* base, const Scalar* const* terms, const double* weights, std::int32_t terms_count, \
                                Scalar* out, std::int64_t count) {                                                               \
    return combine_loop(base, terms, weights, terms_count, out, count);                                                          \
  }                                                                                                                              \
  template <>                                                                                                                    \
  NEURALODE_CLONES double scaled_error(const Scalar* e, const Scalar* z, const Scalar* z_next, double rtol, double atol,         \
                                       std::int64_t count) {                                                                     \
    return scaled_error_loop(e, z, z_next, rtol, atol, count);                                                                   \
  }

NEURALODE_COMBINE_KERNELS(float)
NEURALODE_COMBINE_KERNELS(double)
NEURALODE_COMBINE_KERNELS(BFloat16)
NEURALODE_COMBINE_KERNELS(Float16)

}  // namespace neuralode::kernels
