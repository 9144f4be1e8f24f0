// Expectations that the native tests share.
#pragma once

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "tensors/tensor_list.h"

namespace neuralode::testing {

/// The text of the Error of `status` that `body` throws; "" and a failed expectation when it throws none or another.
template <class Body>
std::string error_text(Status status, Body&& body) {
  try {
    body();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "not a neuralode::Error: " << error.what();
  }
  return "";
}

/// max |a - b| / max(1, max |b|); infinite for a NaN, another shape or dtype, or when only one is defined.
inline double gap(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() && !b.defined()) return 0;
  if (!a.defined() || !b.defined() || a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return INFINITY;
  if (a.numel() == 0) return 0;
  const auto left = a.detach().to(at::kDouble), right = b.detach().to(at::kDouble);
  const double relative = (left - right).abs().max().item<double>() / std::max(1.0, right.abs().max().item<double>());
  return std::isnan(relative) ? INFINITY : relative;
}

inline double gap(const TensorList& a, const TensorList& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, gap(a[i], b[i]));
  return largest;
}

/// Same shape, dtype and bits.
inline bool identical(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && a.equal(b);
}

}  // namespace neuralode::testing
