// all_finite, difference and the rounding of bfloat16.
#include <c10/util/BFloat16.h>
#include <gtest/gtest.h>

#include "kernels/arrays.h"
#include "kernels/cpu/alf.h"

namespace neuralode::kernels::testing {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

template <class Scalar>
class KernelChecks : public ::testing::Test {};
using Scalars = ::testing::Types<float, double, BFloat16>;
TYPED_TEST_SUITE(KernelChecks, Scalars);

TYPED_TEST(KernelChecks, AllFiniteHoldsForNoElementsAndForTheLargest) {
  Array<TypeParam> none(0);
  EXPECT_TRUE(all_finite(none.data(), 0));
  Array<TypeParam> large(1000003);
  const double largest = std::is_same_v<TypeParam, double> ? std::numeric_limits<double>::max() : 3.3895e38;  // bfloat16's largest
  for (std::int64_t i = 0; i < large.count(); i += 3) large.set(i, i % 2 == 0 ? largest : -largest);
  EXPECT_TRUE(all_finite(large.data(), large.count()));
}

TYPED_TEST(KernelChecks, OneBadElementAnywhereIsFound) {
  for (const std::int64_t count : {1, 7, 64, 1003})
    for (const double bad : {infinity, -infinity, nan_value})
      for (const std::int64_t at : {std::int64_t{0}, count / 2, count - 1}) {
        Array<TypeParam> values(count);
        values.set(at, bad);
        EXPECT_FALSE(all_finite(values.data(), count)) << bad << " at " << at << " of " << count;
      }
}

TYPED_TEST(KernelChecks, DifferenceIsTheLargestGapAndTheLargestOfTheSecond) {
  for (const std::int64_t count : {1, 7, 64, 1000003}) {
    Array<TypeParam> a(count, 1), b(count, 2);
    a.set(count - 1, 3);
    b.set(count - 1, -5);
    const auto result = difference(a.data(), b.data(), count);
    EXPECT_EQ(result.largest_difference, 8);
    EXPECT_EQ(result.largest_value, 5);
  }
  const auto none = difference(Array<TypeParam>(0).data(), Array<TypeParam>(0).data(), 0);
  EXPECT_EQ(none.largest_difference, 0);
  EXPECT_EQ(none.largest_value, 0);
}

TYPED_TEST(KernelChecks, ANanOnEitherSideMakesTheDifferenceNan) {
  for (const std::int64_t count : {1, 7, 64, 1003})
    for (const std::int64_t at : {std::int64_t{0}, count / 2, count - 1})
      for (const bool left : {true, false}) {
        Array<TypeParam> a(count, 1), b(count, 2);
        (left ? a : b).set(at, nan_value);
        const auto result = difference(a.data(), b.data(), count);
        EXPECT_TRUE(std::isnan(result.largest_difference)) << count << ' ' << at << ' ' << left;
        EXPECT_TRUE(std::isnan(result.largest_value)) << count << ' ' << at << ' ' << left;
      }
}

TYPED_TEST(KernelChecks, AnInfiniteElementNeverLooksLikeAFiniteDifference) {
  Array<TypeParam> a(100, 1), b(100, 1);
  a.set(50, infinity);
  b.set(50, infinity);
  EXPECT_FALSE(std::isfinite(difference(a.data(), b.data(), 100).largest_difference));
}

float rounded(float value) {
  BFloat16 result;
  store(result, value);
  return load(result);
}

TEST(BFloat16Storage, TiesGoToTheEvenNeighbour) {
  EXPECT_EQ(rounded(1 + 0x1p-8F), 1);                       // between 1 and 1 + 2^-7
  EXPECT_EQ(rounded(1 + 0x3p-8F), 1 + 0x2p-7F);             // between 1 + 2^-7 and 1 + 2 * 2^-7
  EXPECT_EQ(rounded(-(1 + 0x3p-8F)), -(1 + 0x2p-7F));       // away from zero too
  EXPECT_EQ(rounded(1 + 0x1p-8F + 0x1p-23F), 1 + 0x1p-7F);  // just above the tie
  EXPECT_EQ(rounded(1 + 0x3p-8F - 0x1p-23F), 1 + 0x1p-7F);  // just below it
}

TEST(BFloat16Storage, OverflowIsInfiniteAndNanStaysNan) {
  EXPECT_EQ(rounded(std::numeric_limits<float>::max()), std::numeric_limits<float>::infinity());
  EXPECT_EQ(rounded(-std::numeric_limits<float>::infinity()), -std::numeric_limits<float>::infinity());
  for (const std::uint32_t bits : {0x7f800001u, 0x7fffffffu, 0xff800001u, 0xffffffffu}) {  // rounding these up would give infinity or zero
    float value;
    std::memcpy(&value, &bits, sizeof value);
    EXPECT_TRUE(std::isnan(rounded(value))) << std::hex << bits;
  }
  EXPECT_TRUE(std::signbit(rounded(-0.0F)));
}

TEST(BFloat16Storage, AgreesWithLibtorchOnAllKindsOfNumbers) {
  std::minstd_rand next(7);
  for (int i = 0; i < 100000; ++i) {
    const auto bits = static_cast<std::uint32_t>(next()) * 2654435761u;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isnan(value)) continue;
    EXPECT_EQ(rounded(value), float(c10::BFloat16(value))) << std::hex << bits;
  }
}

}  // namespace
}  // namespace neuralode::kernels::testing
