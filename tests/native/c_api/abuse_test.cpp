// What fuzzing found (tests/fuzz): arguments that crashed, leaked or never came to an end, as statuses.
#include <ATen/dlpack.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "neuralode/tensor.h"

namespace {

/// A DLPack tensor of float64 that counts how often it is given back.
struct Lent {
  std::int64_t shape[2] = {2, 1}, strides[2] = {1, 1};
  double elements[2] = {1, 2};
  int given_back = 0;
  DLManagedTensor managed{};

  Lent() {
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensor* self) { ++static_cast<Lent*>(self->manager_ctx)->given_back; };
    managed.dl_tensor.data = elements;
    managed.dl_tensor.device = {kDLCPU, 0};
    managed.dl_tensor.ndim = 1;
    managed.dl_tensor.dtype = {kDLFloat, 64, 1};
    managed.dl_tensor.shape = shape;
  }
  neuralode_status take(neuralode_tensor* out) { return neuralode_tensor_from_dlpack(&managed, out); }
  void expect_refused() {
    neuralode_tensor tensor = nullptr;
    EXPECT_NE(take(&tensor), NEURALODE_OK);
    EXPECT_EQ(tensor, nullptr);
    EXPECT_EQ(given_back, 0);
  }
};

TEST(Abuse, AGradientThatIsTheTensorItselfLetsItEnd) {
  Lent lent;
  neuralode_tensor tensor = nullptr;
  ASSERT_EQ(lent.take(&tensor), NEURALODE_OK);
  EXPECT_EQ(neuralode_tensor_set_grad(tensor, tensor), NEURALODE_OK);
  neuralode_tensor_destroy(tensor);
  EXPECT_EQ(lent.given_back, 1);
}

TEST(Abuse, AGradientInTheMemoryThatTheTensorLendsLetsItEnd) {
  Lent lent;
  neuralode_tensor tensor = nullptr, borrowed = nullptr;
  void* managed = nullptr;
  ASSERT_EQ(lent.take(&tensor), NEURALODE_OK);
  ASSERT_EQ(neuralode_tensor_to_dlpack(tensor, &managed), NEURALODE_OK);
  ASSERT_EQ(neuralode_tensor_from_dlpack(managed, &borrowed), NEURALODE_OK);
  EXPECT_EQ(neuralode_tensor_set_grad(tensor, borrowed), NEURALODE_OK);
  neuralode_tensor_destroy(borrowed);
  neuralode_tensor_destroy(tensor);
  EXPECT_EQ(lent.given_back, 1);
}

TEST(Abuse, AnEmptyDlpackTensorWithoutMemoryIsGivenBack) {
  Lent lent;
  lent.shape[0] = 0;
  lent.managed.dl_tensor.data = nullptr;
  neuralode_tensor tensor = nullptr;
  ASSERT_EQ(lent.take(&tensor), NEURALODE_OK);
  neuralode_tensor_destroy(tensor);
  EXPECT_EQ(lent.given_back, 1);
}

TEST(Abuse, DlpackTensorsThatAreNoneAreRefusedAndStayTheCallers) {
  for (const int ndim : {-1, 65, INT32_MIN}) {
    Lent lent;
    lent.managed.dl_tensor.ndim = ndim;
    lent.expect_refused();
  }
  const std::vector<std::function<void(Lent&)>> mistakes = {
      [](Lent& lent) { lent.managed.dl_tensor.shape = nullptr; },
      [](Lent& lent) { lent.managed.dl_tensor.data = nullptr; },
      [](Lent& lent) { lent.shape[0] = -1; },
      [](Lent& lent) { lent.shape[0] = INT64_MAX; },
      [](Lent& lent) { lent.managed.dl_tensor.byte_offset = 8; },
      [](Lent& lent) { lent.managed.dl_tensor.dtype.lanes = 2; },
      [](Lent& lent) { lent.managed.dl_tensor.dtype.bits = 7; },
      [](Lent& lent) { lent.managed.deleter = nullptr; },
      [](Lent& lent) {
        lent.managed.dl_tensor.strides = lent.strides;
        lent.strides[0] = -1;
      },
      [](Lent& lent) {
        lent.managed.dl_tensor.strides = lent.strides;
        lent.strides[0] = INT64_MAX / 4;
      },
  };
  for (const auto& mistake : mistakes) {
    Lent lent;
    mistake(lent);
    lent.expect_refused();
  }
}

TEST(Abuse, ATensorWithoutMemoryIsNotLent) {
  Lent lent;
  neuralode_tensor tensor = nullptr, meta = nullptr;
  void* managed = nullptr;
  ASSERT_EQ(lent.take(&tensor), NEURALODE_OK);
  ASSERT_EQ(neuralode_tensor_to(tensor, "meta", -1, &meta), NEURALODE_OK);
  EXPECT_EQ(neuralode_tensor_to_dlpack(meta, &managed), NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(managed, nullptr);
  neuralode_tensor_destroy(meta);
  neuralode_tensor_destroy(tensor);
}

TEST(Abuse, WhatCanBeNoAddressIsNoTensor) {
  for (const std::uint64_t bits : {0x4f00000070000000u, 0xffffffffffffff00u, 0x8000000000000000u, 0x0b00000000000000u})
    EXPECT_EQ(neuralode_tensor_backward(reinterpret_cast<neuralode_tensor>(bits), nullptr, 0, 0), NEURALODE_INVALID_ARGUMENT);
}

TEST(Abuse, MoreThreadsThanAnyProcessorHasAreRefused) {
  EXPECT_EQ(neuralode_threads_set(1025), NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(neuralode_threads_set(INT32_MAX), NEURALODE_INVALID_ARGUMENT);
}

}  // namespace
