#include "solvers/rk_kernels.h"

#include <atomic>
#include <cmath>

#include "kernels/cpu/combine.h"
#include "solvers/cuda/kernels.h"
#include "solvers/ranges.h"
#include "tensors/gpu.h"

namespace neuralode {

using ranges::data;
using ranges::for_each_range;
using ranges::ordered_sum;

bool combine(const TensorList& base, const std::vector<TensorList>& terms, const std::vector<double>& weights, double scale,
             const TensorList& out, DeviceNotes* notes) {
  std::vector<const TensorList*> used;
  std::vector<double> scaled;
  for (std::size_t j = 0; j < weights.size(); ++j) {
    if (weights[j] == 0) continue;
    used.push_back(&terms[j]);
    scaled.push_back(scale * weights[j]);
  }
  if constexpr (gpu::built)
    if (gpu::holds(out)) return cuda::combine(base, used, scaled, out, notes);
  std::atomic<bool> finite{true};
  for_each_range(out, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    std::vector<const decltype(s)*> pointers;
    for (const auto* term : used) pointers.push_back(data(*term, i, begin, s));
    const auto* from = base.empty() ? nullptr : data(base, i, begin, s);
    if (!kernels::combine(from, pointers.data(), scaled.data(), static_cast<std::int32_t>(pointers.size()), data(out, i, begin, s),
                          end - begin))
      finite = false;
  });
  return finite;
}

double scaled_error_norm(const TensorList& e, const TensorList& z, const TensorList& z_next, double rtol, double atol) {
  if constexpr (gpu::built)
    if (gpu::holds(z)) return cuda::scaled_error_norm(e, z, z_next, rtol, atol);
  const double sum = ordered_sum(z, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::scaled_error(data(e, i, begin, s), data(z, i, begin, s), data(z_next, i, begin, s), rtol, atol, end - begin);
  });
  double count = 0;
  for (const auto& tensor : z) count += static_cast<double>(tensor.numel());
  return std::sqrt(sum / std::max(count, 1.0));
}

}  // namespace neuralode
