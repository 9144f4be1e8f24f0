// all_finite and difference.
#include <gtest/gtest.h>

#include "kernels/arrays.h"
#include "kernels/cpu/alf.h"
#include "kernels/device.h"

namespace neuralode::kernels::testing {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

template <class Scalar>
class KernelChecks : public ::testing::Test {
 protected:
  void SetUp() override { need_device(); }
};
using Scalars = ::testing::Types<float, double, BFloat16, Float16>;
TYPED_TEST_SUITE(KernelChecks, Scalars);

TYPED_TEST(KernelChecks, AllFiniteHoldsForNoElementsAndForTheLargest) {
  Array<TypeParam> none(0);
  EXPECT_TRUE(device::all_finite(none.data(), 0));
  Array<TypeParam> large(1000003);
  const double largest = std::is_same_v<TypeParam, double> ? std::numeric_limits<double>::max() : std::is_same_v<TypeParam, Float16> ? 65504 : 3.3895e38;  // the last: bfloat16's largest
  for (std::int64_t i = 0; i < large.count(); i += 3) large.set(i, i % 2 == 0 ? largest : -largest);
  EXPECT_TRUE(device::all_finite(large.data(), large.count()));
}

TYPED_TEST(KernelChecks, OneBadElementAnywhereIsFound) {
  for (const std::int64_t count : {1, 7, 64, 1003})
    for (const double bad : {infinity, -infinity, nan_value})
      for (const std::int64_t at : {std::int64_t{0}, count / 2, count - 1}) {
        Array<TypeParam> values(count);
        values.set(at, bad);
        EXPECT_FALSE(device::all_finite(values.data(), count)) << bad << " at " << at << " of " << count;
      }
}

TYPED_TEST(KernelChecks, DifferenceIsTheLargestGapAndTheLargestOfTheSecond) {
  for (const std::int64_t count : {1, 7, 64, 1000003}) {
    Array<TypeParam> a(count, 1), b(count, 2);
    a.set(count - 1, 3);
    b.set(count - 1, -5);
    const auto result = device::difference(a.data(), b.data(), count);
    EXPECT_EQ(result.largest_difference, 8);
    EXPECT_EQ(result.largest_value, 5);
  }
  const auto none = device::difference(Array<TypeParam>(0).data(), Array<TypeParam>(0).data(), 0);
  EXPECT_EQ(none.largest_difference, 0);
  EXPECT_EQ(none.largest_value, 0);
}

TYPED_TEST(KernelChecks, ANanOnEitherSideMakesTheDifferenceNan) {
  for (const std::int64_t count : {1, 7, 64, 1003})
    for (const std::int64_t at : {std::int64_t{0}, count / 2, count - 1})
      for (const bool left : {true, false}) {
        Array<TypeParam> a(count, 1), b(count, 2);
        (left ? a : b).set(at, nan_value);
        const auto result = device::difference(a.data(), b.data(), count);
        EXPECT_TRUE(std::isnan(result.largest_difference)) << count << ' ' << at << ' ' << left;
        EXPECT_TRUE(std::isnan(result.largest_value)) << count << ' ' << at << ' ' << left;
      }
}

TYPED_TEST(KernelChecks, AnInfiniteElementNeverLooksLikeAFiniteDifference) {
  Array<TypeParam> a(100, 1), b(100, 1);
  a.set(50, infinity);
  b.set(50, infinity);
  EXPECT_FALSE(std::isfinite(device::difference(a.data(), b.data(), 100).largest_difference));
}

}  // namespace
}  // namespace neuralode::kernels::testing
