// The outputs of a solve with t_eval, filled while it runs.
#pragma once

#include <ATen/ATen.h>

#include <cmath>

#include "gradients/landings.h"
#include "tensors/tensor_list.h"

namespace neuralode {

/// Writes landings into stacked outputs.
class Trajectory {
 public:
  Trajectory(const Landings& landings, const TensorList& z0, bool may_fail) : landings_(landings) {
    if (!landings.trajectory) return;
    for (const auto& tensor : z0) {
      auto sizes = tensor.sizes().vec();
      sizes.insert(sizes.begin(), static_cast<std::int64_t>(landings.outputs.size()));
      outputs_.push_back(at::empty(sizes, tensor.options()));
      if (may_fail) outputs_.back().fill_(NAN);
    }
    write(-1, z0);
  }

  void write(std::int64_t landing, const TensorList& z) {
    for (std::size_t row = 0; row < landings_.outputs.size(); ++row)
      if (landings_.outputs[row] == landing) write_row(static_cast<std::int64_t>(row), z);
  }

  void write_row(std::int64_t row, const TensorList& z) {
    for (std::size_t i = 0; i < outputs_.size(); ++i) outputs_[i].select(0, row).copy_(z[i]);
  }

  /// Of some samples.
  void write(std::int64_t landing, const TensorList& z, const std::vector<std::int64_t>& samples) {
    const auto index = at::tensor(samples, at::kLong);
    for (std::size_t row = 0; row < landings_.outputs.size(); ++row)
      if (landings_.outputs[row] == landing)
        for (std::size_t i = 0; i < outputs_.size(); ++i)
          outputs_[i].select(0, static_cast<std::int64_t>(row)).index_copy_(0, index, z[i].index_select(0, index));
  }

  TensorList take() { return std::move(outputs_); }

 private:
  const Landings& landings_;
  TensorList outputs_;
};

}  // namespace neuralode
