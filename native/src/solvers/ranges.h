// Running an element-wise kernel over the tensors of a list: dispatch on the dtype, and threads.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/scalar.h"
#include "tensors/tensor_list.h"

namespace neuralode::ranges {

/// Elements below which a second thread costs more than it saves.
constexpr std::int64_t grain = 32768;

/// Calls `run` with a value of the kernels' type for `dtype`: float32, float64, bfloat16 or float16.
template <class Run>
void with_element_type(at::ScalarType dtype, const Run& run) {
  switch (dtype) {
    case at::kFloat: return run(float{});
    case at::kDouble: return run(double{});
    case at::kHalf: return run(kernels::Float16{});
    default: return run(kernels::BFloat16{});
  }
}

/// Calls `body(scalar, i, begin, end)` for every tensor i and range, `scalar` a value of the kernels' element type.
template <class Body>
void for_each_range(const TensorList& like, const Body& body) {
  for (std::size_t i = 0; i < like.size(); ++i) {
    const auto run = [&](auto scalar) {
      at::parallel_for(0, like[i].numel(), grain, [&](std::int64_t begin, std::int64_t end) { body(scalar, i, begin, end); });
    };
    with_element_type(like[i].scalar_type(), run);
  }
}

/// The elements of tensor `index` from `offset` on.
template <class Scalar>
Scalar* data(const TensorList& list, std::size_t index, std::int64_t offset, Scalar) {
  return static_cast<Scalar*>(list[index].data_ptr()) + offset;
}

/// Sum over ranges in the order of the ranges, so that the result does not depend on which thread ends first.
template <class Body>
double ordered_sum(const TensorList& like, const Body& body) {
  double sum = 0;
  for (std::size_t i = 0; i < like.size(); ++i) {
    const auto count = like[i].numel();
    std::vector<double> parts(static_cast<std::size_t>((count + grain - 1) / grain));
    const auto run = [&](auto scalar) {
      at::parallel_for(0, static_cast<std::int64_t>(parts.size()), 1, [&](std::int64_t first, std::int64_t last) {
        for (auto part = first; part < last; ++part)
          parts[static_cast<std::size_t>(part)] = body(scalar, i, part * grain, std::min(count, (part + 1) * grain));
      });
    };
    with_element_type(like[i].scalar_type(), run);
    for (const double part : parts) sum += part;
  }
  return sum;
}

}  // namespace neuralode::ranges
