// The kernels of alf.h and combine.h that measure arrays: sums, maxima, finiteness.
#include "kernels/alf_element.h"
#include "kernels/cuda/combine.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/measure_element.h"

namespace neuralode::kernels::cuda {

__global__ void finish_sum_kernel(const double* work, unsigned blocks, double* sum) {
  const double total = block_sum<sum_work>(threadIdx.x < blocks ? work[threadIdx.x] : 0);
  if (threadIdx.x == 0) *sum += total;
}

namespace {

template <class Scalar>
__global__ void error_kernel(Range range, const Scalar* z, const Scalar* z_next, const Scalar* u, const Scalar* v, double h, double rtol,
                             double atol, double* work) {
  double sum = 0;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto Z = get<n>(z + i);
    const auto N = get<n>(z_next + i);
    const auto U = get<n>(u + i);
    const auto V = get<n>(v + i);
#pragma unroll
    for (int j = 0; j < n; ++j)
      sum += element::alf_error(load(Z.at[j]), load(N.at[j]), load(U.at[j]), load(V.at[j]), h, rtol, atol) + double(load(N.at[j])) * 0;
  });
  store_block_sum(sum, work);
}

template <class Scalar>
__global__ void scaled_error_kernel(Range range, const Scalar* e, const Scalar* z, const Scalar* z_next, double rtol, double atol,
                                    double* work) {
  double sum = 0;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto E = get<n>(e + i);
    const auto Z = get<n>(z + i);
    const auto N = get<n>(z_next + i);
#pragma unroll
    for (int j = 0; j < n; ++j)
      sum += element::scaled_error(double(load(E.at[j])), double(load(Z.at[j])), double(load(N.at[j])), rtol, atol) +
             double(load(N.at[j])) * 0;
  });
  store_block_sum(sum, work);
}

template <class Scalar>
__global__ void dot_kernel(Range range, const Scalar* a, const Scalar* b, double* work) {
  double sum = 0;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto A = get<n>(a + i);
    const auto B = get<n>(b + i);
#pragma unroll
    for (int j = 0; j < n; ++j) sum += double(load(A.at[j])) * double(load(B.at[j]));
  });
  store_block_sum(sum, work);
}

template <class Scalar>
__global__ void non_finite_kernel(Range range, const Scalar* a, Note note) {
  Compute<Scalar> poison = 0;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto A = get<n>(a + i);
#pragma unroll
    for (int j = 0; j < n; ++j) poison += load(A.at[j]) * 0;
  });
  write_down(note, !(poison == 0));
}

/// Doubles of 0 or more, and NaN above all of them, are ordered as their bits are.
__device__ __forceinline__ void raise(double* largest, double value) {
  const auto bits = static_cast<unsigned long long>(__double_as_longlong(value != value ? __longlong_as_double(0x7ff8000000000000ll) : value));
  atomicMax(reinterpret_cast<unsigned long long*>(largest), bits);
}

template <class Scalar>
__global__ void difference_kernel(Range range, const Scalar* a, const Scalar* b, double* result) {
  double apart = 0, largest = 0, poison = 0;
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    const auto A = get<n>(a + i);
    const auto B = get<n>(b + i);
#pragma unroll
    for (int j = 0; j < n; ++j) {
      const double left = load(A.at[j]), right = load(B.at[j]);
      const double gap = element::size_of(left - right), size = element::size_of(right);
      apart = gap > apart ? gap : apart;
      largest = size > largest ? size : largest;
      poison += gap * 0;
    }
  });
  apart += poison;
  largest += poison;
  for (int offset = 16; offset > 0; offset /= 2) {
    const double other_apart = __shfl_down_sync(0xffffffffu, apart, offset), other_largest = __shfl_down_sync(0xffffffffu, largest, offset);
    apart = other_apart > apart || other_apart != other_apart ? other_apart : apart;
    largest = other_largest > largest || other_largest != other_largest ? other_largest : largest;
  }
  if (threadIdx.x % 32 != 0) return;
  raise(result, apart);
  raise(result + 1, largest);
}

}  // namespace

template <class Scalar>
void alf_error(const Scalar* z, const Scalar* z_next, const Scalar* u, const Scalar* v, double h, double rtol, double atol,
               std::int64_t count, double* sum, double* work, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch_sum<width>("alf_error", error_kernel<Scalar>, range_of<width>(count, z, z_next, u, v), sum, work, stream, z, z_next, u, v, h, rtol,
                    atol);
}

template <class Scalar>
void scaled_error(const Scalar* e, const Scalar* z, const Scalar* z_next, double rtol, double atol, std::int64_t count, double* sum,
                  double* work, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch_sum<width>("scaled_error", scaled_error_kernel<Scalar>, range_of<width>(count, e, z, z_next), sum, work, stream, e, z, z_next, rtol,
                    atol);
}

template <class Scalar>
void dot(const Scalar* a, const Scalar* b, std::int64_t count, double* sum, double* work, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch_sum<width>("dot", dot_kernel<Scalar>, range_of<width>(count, a, b), sum, work, stream, a, b);
}

template <class Scalar>
void note_non_finite(const Scalar* a, std::int64_t count, Note note, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("note_non_finite", non_finite_kernel<Scalar>, range_of<width>(count, a), stream, a, note);
}

template <class Scalar>
void difference(const Scalar* a, const Scalar* b, std::int64_t count, double* result, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  launch<width>("difference", difference_kernel<Scalar>, range_of<width>(count, a, b), stream, a, b, result);
}

#define NEURALODE_MEASURE_LAUNCHERS(Scalar)                                                                                                  \
  template void alf_error(const Scalar*, const Scalar*, const Scalar*, const Scalar*, double, double, double, std::int64_t, double*, double*, \
                          cudaStream_t);                                                                                                     \
  template void scaled_error(const Scalar*, const Scalar*, const Scalar*, double, double, std::int64_t, double*, double*, cudaStream_t);     \
  template void dot(const Scalar*, const Scalar*, std::int64_t, double*, double*, cudaStream_t);                                             \
  template void note_non_finite(const Scalar*, std::int64_t, Note, cudaStream_t);                                                            \
  template void difference(const Scalar*, const Scalar*, std::int64_t, double*, cudaStream_t);

NEURALODE_MEASURE_LAUNCHERS(float)
NEURALODE_MEASURE_LAUNCHERS(double)
NEURALODE_MEASURE_LAUNCHERS(BFloat16)
NEURALODE_MEASURE_LAUNCHERS(Float16)

}  // namespace neuralode::kernels::cuda
