#include "solvers/cuda/kernels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "kernels/cuda/alf.h"
#include "kernels/cuda/combine.h"
#include "solvers/cuda/launch.h"

namespace neuralode::cuda {

namespace k = kernels::cuda;

void alf_head(const TensorList& z, const TensorList& v, const TensorList& midpoint, double h) {
  for_each_tensor(z, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::alf_head(all(z, i, s), all(v, i, s), all(midpoint, i, s), h, count, stream);
  });
}

bool alf_tail(const TensorList& midpoint, const TensorList& v, const TensorList& u, const TensorList& z_next, const TensorList& v_next,
              double h, double eta, DeviceNotes* notes) {
  for_each_tensor(midpoint, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::alf_tail(all(midpoint, i, s), all(v, i, s), all(u, i, s), all(z_next, i, s), all(v_next, i, s), h, eta, count, note_of(notes),
                stream);
  });
  return true;
}

bool alf_advance(const TensorList& midpoint, const TensorList& v, const TensorList& u, const TensorList& k_next, const TensorList& v_next,
                 double h, double h_next, double eta, DeviceNotes* notes) {
  for_each_tensor(midpoint, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::alf_advance(all(midpoint, i, s), all(v, i, s), all(u, i, s), all(k_next, i, s), all(v_next, i, s), h, h_next, eta, count,
                   note_of(notes), stream);
  });
  return true;
}

void alf_reverse_head(const TensorList& z_next, const TensorList& v_next, const TensorList& a_z, const TensorList& a_v,
                      const TensorList& midpoint, const TensorList& a_u, double h, double eta) {
  for_each_tensor(midpoint, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::alf_reverse_head(all(z_next, i, s), all(v_next, i, s), all(a_z, i, s), all(a_v, i, s), all(midpoint, i, s), all(a_u, i, s), h, eta,
                        count, stream);
  });
}

void alf_reverse_tail(const TensorList& midpoint, const TensorList& v_next, const TensorList& u, const TensorList& g, const TensorList& a_u,
                      const TensorList& z, const TensorList& v, const TensorList& a_z, const TensorList& a_v, double h, double eta) {
  for_each_tensor(midpoint, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::alf_reverse_tail(all(midpoint, i, s), all(v_next, i, s), all(u, i, s), all(g, i, s), all(a_u, i, s), all(z, i, s), all(v, i, s),
                        all(a_z, i, s), all(a_v, i, s), h, eta, count, stream);
  });
}

void alf_reverse_advance(const TensorList& midpoint, const TensorList& v_next, const TensorList& u, const TensorList& g,
                         const TensorList& a_u, const TensorList& k_before, const TensorList& v, const TensorList& a_z,
                         const TensorList& a_u_before, double h, double h_before, double eta) {
  for_each_tensor(midpoint, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::alf_reverse_advance(all(midpoint, i, s), all(v_next, i, s), all(u, i, s), all(g, i, s), all(a_u, i, s), all(k_before, i, s),
                           all(v, i, s), all(a_z, i, s), all(a_u_before, i, s), h, h_before, eta, count, stream);
  });
}

bool combine(const TensorList& base, const std::vector<const TensorList*>& terms, const std::vector<double>& weights, const TensorList& out,
             DeviceNotes* notes) {
  for_each_tensor(out, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    std::vector<const decltype(s)*> pointers;
    for (const auto* term : terms) pointers.push_back(all(*term, i, s));
    k::combine(base.empty() ? nullptr : static_cast<const decltype(s)*>(all(base, i, s)), pointers.data(), weights.data(),
               static_cast<std::int32_t>(pointers.size()), all(out, i, s), count, note_of(notes), stream);
  });
  return true;
}

namespace {

at::TensorOptions doubles_like(const at::Tensor& tensor) { return at::TensorOptions().dtype(at::kDouble).device(tensor.device()); }

/// The sum that `body(scalar, i, count, sum, work, stream)` adds to for every tensor; waits for the GPU.
template <class Body>
double total(const TensorList& like, const Body& body) {
  const auto sum = at::zeros({}, doubles_like(like[0])), work = at::empty({k::sum_work}, doubles_like(like[0]));
  for_each_tensor(like, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    body(s, i, count, sum.template data_ptr<double>(), work.template data_ptr<double>(), stream);
  });
  return sum.item<double>();
}

double mean_root(double sum, const TensorList& tensors) {
  double count = 0;
  for (const auto& tensor : tensors) count += static_cast<double>(tensor.numel());
  return std::sqrt(sum / std::max(count, 1.0));
}

}  // namespace

bool all_finite(const TensorList& a, DeviceNotes* notes) {
  if (a.empty()) return true;
  DeviceNotes own(a[0].device());
  for_each_tensor(a, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::note_non_finite(all(a, i, s), count, note_of(notes != nullptr ? notes : &own), stream);
  });
  return notes != nullptr || !own.read();
}

double alf_error_norm(const TensorList& z, const TensorList& z_next, const TensorList& u, const TensorList& v, double h, double rtol,
                      double atol) {
  const double sum = total(z, [&](auto s, std::size_t i, std::int64_t count, double* result, double* work, cudaStream_t stream) {
    k::alf_error(all(z, i, s), all(z_next, i, s), all(u, i, s), all(v, i, s), h, rtol, atol, count, result, work, stream);
  });
  return mean_root(sum, z);
}

double scaled_error_norm(const TensorList& e, const TensorList& z, const TensorList& z_next, double rtol, double atol) {
  const double sum = total(z, [&](auto s, std::size_t i, std::int64_t count, double* result, double* work, cudaStream_t stream) {
    k::scaled_error(all(e, i, s), all(z, i, s), all(z_next, i, s), rtol, atol, count, result, work, stream);
  });
  return mean_root(sum, z);
}

double dot(const TensorList& a, const TensorList& b) {
  return total(a, [&](auto s, std::size_t i, std::int64_t count, double* result, double* work, cudaStream_t stream) {
    k::dot(all(a, i, s), all(b, i, s), count, result, work, stream);
  });
}

at::Tensor queued_differences(const TensorList& a, const TensorList& b) {
  auto results = at::zeros({static_cast<std::int64_t>(a.size()), 2}, doubles_like(a[0]));
  for_each_tensor(a, [&](auto s, std::size_t i, std::int64_t count, cudaStream_t stream) {
    k::difference(all(a, i, s), all(b, i, s), count, results.template data_ptr<double>() + 2 * i, stream);
  });
  return results;
}

std::vector<kernels::Difference> differences(const TensorList& a, const TensorList& b) {
  if (a.empty()) return {};
  const auto numbers = queued_differences(a, b).to(at::kCPU);
  std::vector<kernels::Difference> results;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto* row = numbers.data_ptr<double>() + 2 * i;
    results.push_back({row[0], row[1]});
  }
  return results;
}

}  // namespace neuralode::cuda
