// The kernels on the rows of batched tensors, row b at the step length of sample b: on each row what the joint solver does on a whole
// state, to the bit. Tensors: batch first and outermost in memory (batch_outermost), all of one position i with the same strides.
#pragma once

#include <algorithm>

#include "solvers/per_sample/round.h"
#include "solvers/ranges.h"
#include "solvers/solver_state.h"

namespace neuralode::rows {

/// One byte a sample: vector<bool> could not be written by several threads.
using Flags = std::vector<char>;

/// Calls `body(scalar, i, row, offset, count)` for every tensor i and row, whose elements are [offset, offset + count).
template <class Body>
void for_each(const TensorList& like, const Body& body) {
  for (std::size_t i = 0; i < like.size(); ++i) {
    const auto batch = like[i].size(0), count = batch > 0 ? like[i].numel() / batch : 0;
    const auto run = [&](auto scalar) {
      at::parallel_for(0, batch, std::max<std::int64_t>(1, ranges::grain / std::max<std::int64_t>(1, count)),
                       [&](std::int64_t begin, std::int64_t end) {
                         for (auto row = begin; row < end; ++row) body(scalar, i, static_cast<std::size_t>(row), row * count, count);
                       });
    };
    ranges::with_element_type(like[i].scalar_type(), run);
  }
}

/// A detached copy that nobody else holds, dense with the batch outermost.
at::Tensor batch_outermost(const at::Tensor& tensor);

/// out = base + h sum over j of weights[j] terms[j]; base itself in rows at rest. base: empty for 0. finite: cleared where out is not; may
/// be null.
void combine(const TensorList& base, const std::vector<TensorList>& terms, const std::vector<double>& weights, const SampleRound& round,
             const TensorList& out, Flags* finite = nullptr);
/// Root mean square over the elements of each sample of x / (atol + rtol |reference|).
std::vector<double> scaled_norms(const TensorList& x, const TensorList& reference, double rtol, double atol);
/// Scaled error norm of each sample: of e / (atol + rtol max(|z|, |z_next|)), infinite where finite is 0.
std::vector<double> error_norms(const TensorList& e, const TensorList& z, const TensorList& z_next, double rtol, double atol,
                                const Flags& finite);
/// The same of ALF's estimate h (u - v).
std::vector<double> alf_error_norms(const TensorList& z, const TensorList& z_next, const TensorList& u, const TensorList& v,
                                    const SampleRound& round, double rtol, double atol, const Flags& finite);
/// target = source in the rows of the samples whose trial was accepted, where `accepted`, or of the others.
void copy(const TensorList& source, const SampleRound& round, bool accepted, const TensorList& target);
/// target = 0 in those rows.
void zero(const TensorList& target, const SampleRound& round, bool accepted);
/// sums[b] += factor <a, b> of sample b's rows, in those rows where h lands.
void add_dots(const TensorList& a, const TensorList& b, double factor, const SampleRound& round, bool accepted, std::vector<double>& sums);
/// Whether all of each sample is finite.
Flags finite_rows(const TensorList& tensors);

}  // namespace neuralode::rows
