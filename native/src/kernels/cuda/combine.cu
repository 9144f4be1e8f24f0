#include "kernels/cuda/combine.h"
#include "kernels/cuda/launch.cuh"

namespace neuralode::kernels::cuda {

namespace {

/// As many terms as one launch adds; every method here has fewer stages, the sums of an implicit solver's Krylov basis have more.
constexpr std::int32_t most_terms = 16;

template <class Scalar>
struct Terms {
  const Scalar* arrays[most_terms];
  Compute<Scalar> weights[most_terms];
  std::int32_t count;
};

template <class Scalar>
__global__ void combine_kernel(Range range, const Scalar* base, Terms<Scalar> terms, Scalar* out, Note note) {
  using Real = Compute<Scalar>;
  Real poison = 0;  // 0 * x is NaN exactly where x is infinite or NaN
  for_each_pack<pack_width<Scalar>>(range, [&](auto width, std::int64_t i) {
    constexpr int n = decltype(width)::value;
    Real sums[n];
    if (base != nullptr) {
      const auto B = get<n>(base + i);
#pragma unroll
      for (int j = 0; j < n; ++j) sums[j] = load(B.at[j]);
    } else {
#pragma unroll
      for (int j = 0; j < n; ++j) sums[j] = 0;
    }
#pragma unroll 4
    for (std::int32_t term = 0; term < terms.count; ++term) {
      const auto T = get<n>(terms.arrays[term] + i);
#pragma unroll
      for (int j = 0; j < n; ++j) sums[j] += terms.weights[term] * load(T.at[j]);
    }
    Pack<Scalar, n> O;
#pragma unroll
    for (int j = 0; j < n; ++j) {
      store(O.at[j], sums[j]);
      poison += load(O.at[j]) * 0;
    }
    put(out + i, O);
  });
  write_down(note, !(poison == 0));
}

}  // namespace

template <class Scalar>
void combine(const Scalar* base, const Scalar* const* terms, const double* weights, std::int32_t terms_count, Scalar* out,
             std::int64_t count, Note note, cudaStream_t stream) {
  constexpr int width = pack_width<Scalar>;
  std::int32_t first = 0;
  do {
    Terms<Scalar> part{};
    part.count = std::min(most_terms, terms_count - first);
    auto range = range_of<width>(count, base != nullptr ? base : out, out);
    for (std::int32_t j = 0; j < part.count; ++j) {
      part.arrays[j] = terms[first + j];
      part.weights[j] = static_cast<Compute<Scalar>>(weights[first + j]);
      if ((reinterpret_cast<std::uintptr_t>(part.arrays[j] + range.first) % 16) != 0) range = {0, 0, count};
    }
    first += part.count;
    launch<width>("combine", combine_kernel<Scalar>, range, stream, base, part, out, first == terms_count ? note : Note{});
    base = out;
  } while (first < terms_count);
}

#define NEURALODE_COMBINE_LAUNCHERS(Scalar) \
  template void combine(const Scalar*, const Scalar* const*, const double*, std::int32_t, Scalar*, std::int64_t, Note, cudaStream_t);

NEURALODE_COMBINE_LAUNCHERS(float)
NEURALODE_COMBINE_LAUNCHERS(double)
NEURALODE_COMBINE_LAUNCHERS(BFloat16)
NEURALODE_COMBINE_LAUNCHERS(Float16)

}  // namespace neuralode::kernels::cuda
