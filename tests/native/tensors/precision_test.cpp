// Devices by name, and what autocast can be set to.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/expect.h"
#include "support/gpu.h"
#include "tensors/autocast.h"
#include "tensors/compat.h"
#include "tensors/device.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

TEST(Devices, AreReadByName) {
  EXPECT_EQ(usable_device("cpu"), at::Device(at::kCPU));
  for (const char* name : {"", "gpu", "cpu:0", "cuda:", "cuda:x", "cuda:-1", "cuda:1000", "cuda:0 ", "meta"})
    EXPECT_THAT(error_text(Status::invalid_argument, [&] { usable_device(name); }), HasSubstr("give cpu, cuda:0")) << name;
  EXPECT_THAT(error_text(Status::unsupported, [] { usable_device("cuda:99"); }), HasSubstr("cpu"));
}

TEST(Devices, GpusAreNumberedFromZero) {
  if (!has_gpu()) GTEST_SKIP() << needs_a_gpu();
  EXPECT_EQ(usable_device("cuda"), at::Device(at::kCUDA, 0));
  EXPECT_EQ(usable_device("cuda:0"), at::Device(at::kCUDA, 0));
}

TEST(SetAutocast, TurnsOnWhatLibtorchHasAndRefusesTheRest) {
  const auto before = AutocastState::current(at::kCPU);
  set_autocast({at::kCPU, true, at::kBFloat16});
  EXPECT_EQ(at::mm(at::ones({4, 4}), at::ones({4, 4})).scalar_type(), at::kBFloat16);
  set_autocast({at::kCPU, false, at::kBFloat16});
  EXPECT_EQ(at::mm(at::ones({4, 4}), at::ones({4, 4})).scalar_type(), at::kFloat);
  EXPECT_THAT(error_text(Status::invalid_argument, [] { set_autocast({at::kCPU, true, at::kDouble}); }), HasSubstr("Double"));
  if (!compat::cpu_autocast_has_half) {
    EXPECT_THAT(error_text(Status::unsupported, [] { set_autocast({at::kCPU, true, at::kHalf}); }), HasSubstr("use bfloat16, or a GPU"));
  }
  EXPECT_FALSE(AutocastState::current(at::kCPU).enabled);
  set_autocast(before);
}

TEST(SetAutocast, OfAGpuNeedsOne) {
  if (has_gpu()) GTEST_SKIP() << "needs a machine without a GPU";
  EXPECT_THAT(error_text(Status::unsupported, [] { set_autocast({at::kCUDA, true, at::kHalf}); }), HasSubstr("use cpu"));
  set_autocast({at::kCUDA, false, at::kHalf});  // to turn it off needs none
}

TEST(SetAutocast, OfAGpuComputesInEitherType) {
  if (!has_gpu()) GTEST_SKIP() << needs_a_gpu();
  const auto a = at::ones({4, 4}, at::device(at::kCUDA));
  for (const auto dtype : {at::kHalf, at::kBFloat16}) {
    set_autocast({at::kCUDA, true, dtype});
    EXPECT_EQ(at::mm(a, a).scalar_type(), dtype);
  }
  set_autocast({at::kCUDA, false, at::kHalf});
}

}  // namespace
}  // namespace neuralode::testing
