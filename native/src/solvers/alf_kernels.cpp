#include "solvers/alf_kernels.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "core/error.h"
#include "solvers/ranges.h"

namespace neuralode {

using ranges::data;
using ranges::for_each_range;
using ranges::ordered_sum;

void alf_head(const TensorList& z, const TensorList& v, const TensorList& k, double h) {
  for_each_range(z, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::alf_head(data(z, i, begin, s), data(v, i, begin, s), data(k, i, begin, s), h, end - begin);
  });
}

bool alf_tail(const TensorList& k, const TensorList& v, const TensorList& u, const TensorList& z_next, const TensorList& v_next, double h,
              double eta) {
  std::atomic<bool> finite{true};
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    if (!kernels::alf_tail(data(k, i, begin, s), data(v, i, begin, s), data(u, i, begin, s), data(z_next, i, begin, s),
                           data(v_next, i, begin, s), h, eta, end - begin))
      finite = false;
  });
  return finite;
}

double alf_error_norm(const TensorList& z, const TensorList& z_next, const TensorList& u, const TensorList& v, double h, double rtol,
                      double atol) {
  const double sum = ordered_sum(z, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::alf_error(data(z, i, begin, s), data(z_next, i, begin, s), data(u, i, begin, s), data(v, i, begin, s), h, rtol, atol,
                              end - begin);
  });
  double count = 0;
  for (const auto& tensor : z) count += static_cast<double>(tensor.numel());
  return std::sqrt(sum / std::max(count, 1.0));
}

void alf_reverse_head(const TensorList& z_next, const TensorList& v_next, const TensorList& a_z, const TensorList& a_v, const TensorList& k,
                      const TensorList& a_u, double h, double eta) {
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::alf_reverse_head(data(z_next, i, begin, s), data(v_next, i, begin, s), data(a_z, i, begin, s), data(a_v, i, begin, s),
                              data(k, i, begin, s), data(a_u, i, begin, s), h, eta, end - begin);
  });
}

void alf_reverse_tail(const TensorList& k, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& z,
                      const TensorList& v, const TensorList& a_z, const TensorList& a_v, double h, double eta) {
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::alf_reverse_tail(data(k, i, begin, s), data(v_next, i, begin, s), data(u, i, begin, s), data(g, i, begin, s),
                              data(z, i, begin, s), data(v, i, begin, s), data(a_z, i, begin, s), data(a_v, i, begin, s), h, eta,
                              end - begin);
  });
}

double dot(const TensorList& a, const TensorList& b) {
  return ordered_sum(a, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::dot(data(a, i, begin, s), data(b, i, begin, s), end - begin);
  });
}

bool all_finite(const TensorList& a) {
  return ordered_sum(a, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
           return kernels::all_finite(data(a, i, begin, s), end - begin) ? 0.0 : 1.0;
         }) == 0;
}

kernels::Difference difference(const TensorList& a, const TensorList& b) {
  kernels::Difference result{0, 0};
  std::mutex mutex;
  const auto larger = [](double left, double right) { return left >= right || std::isnan(left) ? left : right; };
  for_each_range(a, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    const auto part = kernels::difference(data(a, i, begin, s), data(b, i, begin, s), end - begin);
    const std::lock_guard<std::mutex> lock(mutex);
    result = {larger(result.largest_difference, part.largest_difference), larger(result.largest_value, part.largest_value)};
  });
  return result;
}

void check_supported(const TensorList& z) {
  require(!z.empty(), "z0: the state is empty; give at least one tensor");
  for (std::size_t i = 0; i < z.size(); ++i) {
    const auto dtype = z[i].scalar_type();
    require(dtype == at::kFloat || dtype == at::kDouble || dtype == at::kBFloat16, "z0[", i, "]: dtype ", dtype,
            " cannot be integrated; use float32, float64 or bfloat16");
    require(dtype == z[0].scalar_type(), "z0[", i, "]: dtype ", dtype, " differs from z0[0]'s ", z[0].scalar_type(), "; use one dtype");
    require(z[i].layout() == at::kStrided, "z0[", i, "]: sparse tensors cannot be integrated; call to_dense() first");
    require(z[i].device().is_cpu(), "z0[", i, "]: on ", z[i].device(), "; this build integrates on the CPU only");
  }
}

}  // namespace neuralode
