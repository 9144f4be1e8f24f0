#include "solvers/per_sample/rows.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstring>

#include "kernels/cpu/alf.h"
#include "kernels/cpu/combine.h"
#include "tensors/layout.h"

namespace neuralode::rows {

using ranges::data;

namespace {

/// Root mean squares over samples of as many elements as `like` has, from sums of squares.
std::vector<double> roots(std::vector<double> sums, const TensorList& like) {
  double count = 0;
  for (const auto& tensor : like) count += static_cast<double>(tensor.numel());
  count /= static_cast<double>(std::max<std::size_t>(1, sums.size()));
  for (auto& sum : sums) sum = std::sqrt(sum / std::max(count, 1.0));
  return sums;
}

std::vector<double> with_infinities(std::vector<double> norms, const Flags& finite) {
  for (std::size_t row = 0; row < norms.size(); ++row)
    if (finite[row] == 0) norms[row] = INFINITY;
  return norms;
}

std::size_t batch_of(const TensorList& tensors) { return static_cast<std::size_t>(tensors[0].size(0)); }

}  // namespace

at::Tensor batch_outermost(const at::Tensor& tensor) {
  const auto batch = tensor.size(0), count = batch > 0 ? tensor.numel() / batch : 0;
  const bool outermost = tensor.is_non_overlapping_and_dense() && (batch <= 1 || tensor.stride(0) == count);
  return outermost ? dense_copy(tensor.detach()) : tensor.detach().clone(at::MemoryFormat::Contiguous);
}

void combine(const TensorList& base, const std::vector<TensorList>& terms, const std::vector<double>& weights, const SampleRound& round,
             const TensorList& out, Flags* finite) {
  std::vector<std::size_t> used;
  for (std::size_t j = 0; j < weights.size(); ++j)
    if (weights[j] != 0) used.push_back(j);
  for_each(out, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    constexpr std::size_t most = 16;  // stages
    const decltype(s)* pointers[most];
    double scaled[most];
    const double h = round.trials[row].h;
    std::int32_t terms_count = 0;
    if (h != 0)
      for (const auto j : used) {
        pointers[terms_count] = data(terms[j], i, offset, s);
        scaled[terms_count++] = h * weights[j];
      }
    const auto* from = base.empty() ? nullptr : data(base, i, offset, s);
    if (!kernels::combine(from, pointers, scaled, terms_count, data(out, i, offset, s), count) && finite != nullptr) (*finite)[row] = 0;
  });
}

std::vector<double> scaled_norms(const TensorList& x, const TensorList& reference, double rtol, double atol) {
  return error_norms(x, reference, reference, rtol, atol, Flags(batch_of(x), 1));
}

std::vector<double> error_norms(const TensorList& e, const TensorList& z, const TensorList& z_next, double rtol, double atol,
                                const Flags& finite) {
  std::vector<double> sums(batch_of(e));
  for_each(e, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    sums[row] += kernels::scaled_error(data(e, i, offset, s), data(z, i, offset, s), data(z_next, i, offset, s), rtol, atol, count);
  });
  return with_infinities(roots(std::move(sums), e), finite);
}

std::vector<double> alf_error_norms(const TensorList& z, const TensorList& z_next, const TensorList& u, const TensorList& v,
                                    const SampleRound& round, double rtol, double atol, const Flags& finite) {
  std::vector<double> sums(batch_of(z));
  for_each(z, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    sums[row] += kernels::alf_error(data(z, i, offset, s), data(z_next, i, offset, s), data(u, i, offset, s), data(v, i, offset, s),
                                    round.trials[row].h, rtol, atol, count);
  });
  return with_infinities(roots(std::move(sums), z), finite);
}

void copy(const TensorList& source, const SampleRound& round, bool accepted, const TensorList& target) {
  for_each(target, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    if (round.trials[row].accepted == accepted && count > 0)
      std::memcpy(data(target, i, offset, s), data(source, i, offset, s), static_cast<std::size_t>(count) * sizeof s);
  });
}

void zero(const TensorList& target, const SampleRound& round, bool accepted) {
  for_each(target, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    if (round.trials[row].accepted == accepted && count > 0)
      std::memset(static_cast<void*>(data(target, i, offset, s)), 0, static_cast<std::size_t>(count) * sizeof s);
  });
}

void add_dots(const TensorList& a, const TensorList& b, double factor, const SampleRound& round, bool accepted, std::vector<double>& sums) {
  for_each(a, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    const auto& trial = round.trials[row];
    if (trial.lands && trial.accepted == accepted) sums[row] += factor * kernels::dot(data(a, i, offset, s), data(b, i, offset, s), count);
  });
}

Flags finite_rows(const TensorList& tensors) {
  Flags finite(batch_of(tensors), 1);
  for_each(tensors, [&](auto s, std::size_t i, std::size_t row, std::int64_t offset, std::int64_t count) {
    if (!kernels::all_finite(data(tensors, i, offset, s), count)) finite[row] = 0;
  });
  return finite;
}

}  // namespace neuralode::rows
