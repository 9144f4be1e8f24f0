// Owners of the ABI's handles and what the tests make of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "neuralode/neuralode.h"

namespace neuralode::abi {

/// Destroys its handle at the end.
template <class Handle, neuralode_status (*destroy)(Handle)>
class Owned {
 public:
  Owned() = default;
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() { destroy(handle_); }
  Handle get() const { return handle_; }
  Handle release() { return std::exchange(handle_, nullptr); }
  /// For an out_ argument.
  Handle* out() { return &handle_; }
  const Handle* list() const { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using Tensor = Owned<neuralode_tensor, neuralode_tensor_destroy>;
using TensorMap = Owned<neuralode_tensor_map, neuralode_tensor_map_destroy>;
using Dynamics = Owned<neuralode_dynamics, neuralode_dynamics_destroy>;
using Solution = Owned<neuralode_solution, neuralode_solution_destroy>;
using Model = Owned<neuralode_model, neuralode_model_destroy>;
using Optimizer = Owned<neuralode_optimizer, neuralode_optimizer_destroy>;
using Checkpoint = Owned<neuralode_checkpoint, neuralode_checkpoint_destroy>;

// Macros, because an assertion ends the function that it stands in, and tells its line.
#define ASSERT_OK(call) ASSERT_EQ(call, NEURALODE_OK) << neuralode_last_error()
#define EXPECT_OK(call) EXPECT_EQ(call, NEURALODE_OK) << neuralode_last_error()

/// Expects `status`, and returns the text that came with it.
inline std::string text_with(neuralode_status status, neuralode_status actual) {
  EXPECT_EQ(actual, status) << neuralode_last_error();
  return neuralode_last_error();
}

/// A float64 vector, or a scalar for `scalar_of`.
inline Tensor vector_of(const std::vector<double>& values, bool requires_grad = false) {
  Tensor tensor;
  const auto size = static_cast<std::int64_t>(values.size());
  EXPECT_OK(neuralode_tensor_create(values.data(), NEURALODE_FLOAT64, &size, 1, tensor.out()));
  if (requires_grad) {
    EXPECT_OK(neuralode_tensor_set_requires_grad(tensor.get(), 1));
  }
  return tensor;
}

inline Tensor scalar_of(double value, bool requires_grad = false) {
  Tensor tensor;
  EXPECT_OK(neuralode_tensor_create(&value, NEURALODE_FLOAT64, nullptr, 0, tensor.out()));
  if (requires_grad) {
    EXPECT_OK(neuralode_tensor_set_requires_grad(tensor.get(), 1));
  }
  return tensor;
}

/// The elements of a float64 tensor.
inline std::vector<double> values_of(neuralode_tensor tensor) {
  neuralode_tensor_info info{};
  EXPECT_OK(neuralode_tensor_get_info(tensor, sizeof info, &info));
  EXPECT_EQ(info.dtype, NEURALODE_FLOAT64);
  std::vector<double> values(static_cast<std::size_t>(info.count));
  EXPECT_OK(neuralode_tensor_read(tensor, values.data(), info.bytes));
  return values;
}

inline Tensor gradient_of(const Tensor& tensor) {
  Tensor gradient;
  EXPECT_OK(neuralode_tensor_get_grad(tensor.get(), gradient.out()));
  return gradient;
}

/// aten::`name` on tensors.
inline Tensor operation(const char* name, const char* overload, std::initializer_list<neuralode_tensor> tensors) {
  std::vector<neuralode_value> arguments;
  for (const auto tensor : tensors) {
    neuralode_value value{};
    value.kind = NEURALODE_VALUE_TENSOR;
    value.tensor = tensor;
    arguments.push_back(value);
  }
  neuralode_value result{};
  std::int64_t count = 0;
  Tensor out;
  EXPECT_OK(neuralode_op_call(name, overload, arguments.data(), static_cast<std::int64_t>(arguments.size()), &result, 1, &count));
  *out.out() = result.tensor;
  return out;
}

inline std::pair<std::int64_t, std::int64_t> live_objects() {
  std::pair<std::int64_t, std::int64_t> counts;
  EXPECT_OK(neuralode_live_objects(&counts.first, &counts.second));
  return counts;
}

}  // namespace neuralode::abi
