// What tests of solves on a GPU share.
#pragma once

#include <gtest/gtest.h>

#include "support/gpu.h"
#include "support/ode.h"

namespace neuralode::testing {

class OnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_gpu()) GTEST_SKIP() << needs_a_gpu();
  }
};

/// With leaves of its own on the GPU.
inline Mlp on_gpu(Mlp mlp) {
  for (auto* parameter : {&mlp.w1, &mlp.b, &mlp.c, &mlp.w2}) *parameter = parameter->detach().to(at::kCUDA).requires_grad_();
  return mlp;
}

}  // namespace neuralode::testing
