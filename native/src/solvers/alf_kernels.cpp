#include "solvers/alf_kernels.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "core/error.h"
#include "solvers/cuda/kernels.h"
#include "solvers/ranges.h"
#include "tensors/gpu.h"

namespace neuralode {

using ranges::data;
using ranges::for_each_range;
using ranges::ordered_sum;

void alf_head(const TensorList& z, const TensorList& v, const TensorList& k, double h) {
  if constexpr (gpu::built)
    if (gpu::holds(z)) return cuda::alf_head(z, v, k, h);
  for_each_range(z, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::alf_head(data(z, i, begin, s), data(v, i, begin, s), data(k, i, begin, s), h, end - begin);
  });
}

bool alf_tail(const TensorList& k, const TensorList& v, const TensorList& u, const TensorList& z_next, const TensorList& v_next, double h,
              double eta, DeviceNotes* notes) {
  if constexpr (gpu::built)
    if (gpu::holds(k)) return cuda::alf_tail(k, v, u, z_next, v_next, h, eta, notes);
  std::atomic<bool> finite{true};
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    if (!kernels::alf_tail(data(k, i, begin, s), data(v, i, begin, s), data(u, i, begin, s), data(z_next, i, begin, s),
                           data(v_next, i, begin, s), h, eta, end - begin))
      finite = false;
  });
  return finite;
}

bool alf_advance(const TensorList& k, const TensorList& v, const TensorList& u, const TensorList& k_next, const TensorList& v_next, double h,
                 double h_next, double eta, DeviceNotes* notes) {
  if constexpr (gpu::built)
    if (gpu::holds(k)) return cuda::alf_advance(k, v, u, k_next, v_next, h, h_next, eta, notes);
  std::atomic<bool> finite{true};
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    if (!kernels::alf_advance(data(k, i, begin, s), data(v, i, begin, s), data(u, i, begin, s), data(k_next, i, begin, s),
                              data(v_next, i, begin, s), h, h_next, eta, end - begin))
      finite = false;
  });
  return finite;
}

double alf_error_norm(const TensorList& z, const TensorList& z_next, const TensorList& u, const TensorList& v, double h, double rtol,
                      double atol) {
  if constexpr (gpu::built)
    if (gpu::holds(z)) return cuda::alf_error_norm(z, z_next, u, v, h, rtol, atol);
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
  if constexpr (gpu::built)
    if (gpu::holds(k)) return cuda::alf_reverse_head(z_next, v_next, a_z, a_v, k, a_u, h, eta);
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::alf_reverse_head(data(z_next, i, begin, s), data(v_next, i, begin, s), data(a_z, i, begin, s), data(a_v, i, begin, s),
                              data(k, i, begin, s), data(a_u, i, begin, s), h, eta, end - begin);
  });
}

void alf_reverse_tail(const TensorList& k, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& a_u,
                      const TensorList& z, const TensorList& v, const TensorList& a_z, const TensorList& a_v, double h, double eta) {
  if constexpr (gpu::built)
    if (gpu::holds(k)) return cuda::alf_reverse_tail(k, v_next, u, g, a_u, z, v, a_z, a_v, h, eta);
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::alf_reverse_tail(data(k, i, begin, s), data(v_next, i, begin, s), data(u, i, begin, s), data(g, i, begin, s),
                              data(a_u, i, begin, s), data(z, i, begin, s), data(v, i, begin, s), data(a_z, i, begin, s),
                              data(a_v, i, begin, s), h, eta, end - begin);
  });
}

void alf_reverse_advance(const TensorList& k, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& a_u,
                         const TensorList& k_before, const TensorList& v, const TensorList& a_z, const TensorList& a_u_before, double h,
                         double h_before, double eta) {
  if constexpr (gpu::built)
    if (gpu::holds(k)) return cuda::alf_reverse_advance(k, v_next, u, g, a_u, k_before, v, a_z, a_u_before, h, h_before, eta);
  for_each_range(k, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    kernels::alf_reverse_advance(data(k, i, begin, s), data(v_next, i, begin, s), data(u, i, begin, s), data(g, i, begin, s),
                                 data(a_u, i, begin, s), data(k_before, i, begin, s), data(v, i, begin, s), data(a_z, i, begin, s),
                                 data(a_u_before, i, begin, s), h, h_before, eta, end - begin);
  });
}

double dot(const TensorList& a, const TensorList& b) {
  if constexpr (gpu::built)
    if (gpu::holds(a)) return cuda::dot(a, b);
  return ordered_sum(a, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    return kernels::dot(data(a, i, begin, s), data(b, i, begin, s), end - begin);
  });
}

bool all_finite(const TensorList& a, DeviceNotes* notes) {
  if constexpr (gpu::built)
    if (gpu::holds(a)) return cuda::all_finite(a, notes);
  return ordered_sum(a, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
           return kernels::all_finite(data(a, i, begin, s), end - begin) ? 0.0 : 1.0;
         }) == 0;
}

namespace {

double larger(double left, double right) { return left >= right || std::isnan(left) ? left : right; }

}  // namespace

std::vector<kernels::Difference> differences(const TensorList& a, const TensorList& b) {
  if constexpr (gpu::built)
    if (gpu::holds(a)) return cuda::differences(a, b);
  std::vector<kernels::Difference> results(a.size(), {0, 0});
  std::mutex mutex;
  for_each_range(a, [&](auto s, std::size_t i, std::int64_t begin, std::int64_t end) {
    const auto part = kernels::difference(data(a, i, begin, s), data(b, i, begin, s), end - begin);
    const std::lock_guard<std::mutex> lock(mutex);
    auto& result = results[i];
    result = {larger(result.largest_difference, part.largest_difference), larger(result.largest_value, part.largest_value)};
  });
  return results;
}

kernels::Difference difference(const TensorList& a, const TensorList& b) {
  kernels::Difference result{0, 0};
  for (const auto& part : differences(a, b))
    result = {larger(result.largest_difference, part.largest_difference), larger(result.largest_value, part.largest_value)};
  return result;
}

void check_supported(const TensorList& z) {
  require(!z.empty(), "z0: the state is empty; give at least one tensor");
  for (std::size_t i = 0; i < z.size(); ++i) {
    const auto dtype = z[i].scalar_type();
    const auto device = z[i].device();
    require(dtype == at::kFloat || dtype == at::kDouble || dtype == at::kBFloat16 || (dtype == at::kHalf && device.is_cuda()), "z0[", i,
            "]: dtype ", dtype, " cannot be integrated on ", device, "; use float32, float64 or bfloat16",
            dtype == at::kHalf ? ", or a GPU" : "");
    require(dtype == z[0].scalar_type(), "z0[", i, "]: dtype ", dtype, " differs from z0[0]'s ", z[0].scalar_type(), "; use one dtype");
    require(z[i].layout() == at::kStrided, "z0[", i, "]: sparse tensors cannot be integrated; call to_dense() first");
    require(device.is_cpu() || device.is_cuda(), "z0[", i, "]: on ", device, "; states are integrated on the CPU or a CUDA GPU");
    require(device.is_cpu() || gpu::built, "z0[", i, "]: on ", device, ", but ", gpu::absence());
    require(device == z[0].device(), "z0[", i, "]: on ", device, ", but z0[0] is on ", z[0].device(), "; put the state on one device");
  }
}

}  // namespace neuralode
