#include "kernels/cpu/combine.h"

#include <gtest/gtest.h>

#include "kernels/arrays.h"
#include "kernels/device.h"

namespace neuralode::kernels::testing {
namespace {

template <class Scalar>
class Combine : public ::testing::Test {
 protected:
  void SetUp() override { need_device(); }
};
using Scalars = ::testing::Types<float, double, BFloat16, Float16>;
TYPED_TEST_SUITE(Combine, Scalars);

constexpr std::int64_t counts[] = {0, 1, 7, 255, 256, 257, 1000};

TYPED_TEST(Combine, AddsWeightedTermsToTheBase) {
  using Scalar = TypeParam;
  const std::vector<double> weights{0.5, -0.25, 0.125};
  for (const auto count : counts)
    for (const std::size_t shift : {0, 3}) {
      const Array<Scalar> base(count, 1, shift), a(count, 2, shift), b(count, 3, shift), c(count, 4, shift);
      const Scalar* terms[] = {a.data(), b.data(), c.data()};
      Array<Scalar> out(count, 5, shift);
      EXPECT_TRUE(device::combine(base.data(), terms, weights.data(), 3, out.data(), count));
      for (std::int64_t i = 0; i < count; ++i) {
        const double expected = base[i] + 0.5 * a[i] - 0.25 * b[i] + 0.125 * c[i];
        EXPECT_NEAR(out[i], expected, (tolerance<Scalar>(2, 6)));
      }
    }
}

TYPED_TEST(Combine, WithoutABaseStartsFromZero) {
  using Scalar = TypeParam;
  const Array<Scalar> a(300, 2);
  const Scalar* terms[] = {a.data()};
  const double weight = 2;
  Array<Scalar> out(300, 5);
  EXPECT_TRUE(device::combine(static_cast<const Scalar*>(nullptr), terms, &weight, 1, out.data(), 300));
  for (std::int64_t i = 0; i < 300; ++i) EXPECT_EQ(out[i], 2 * a[i]);
}

TYPED_TEST(Combine, MayWriteOverItsBase) {
  using Scalar = TypeParam;
  const Array<Scalar> a(300, 2);
  const Scalar* terms[] = {a.data()};
  const double weight = 1;
  Array<Scalar> apart(300, 5), in_place(300, 7);
  device::combine(in_place.data(), terms, &weight, 1, apart.data(), 300);
  device::combine(in_place.data(), terms, &weight, 1, in_place.data(), 300);
  for (std::int64_t i = 0; i < 300; ++i) EXPECT_EQ(in_place[i], apart[i]);
}

TYPED_TEST(Combine, SeesEveryElementThatIsNotFinite) {
  using Scalar = TypeParam;
  const double weight = 1;
  for (const double bad : {double(INFINITY), -double(INFINITY), double(NAN)})
    for (std::int64_t place = 0; place < 261; ++place) {
      Array<Scalar> a(261, 2), out(261, 5);
      const Array<Scalar> base(261, 1);
      a.set(place, bad);
      const Scalar* terms[] = {a.data()};
      EXPECT_FALSE(device::combine(base.data(), terms, &weight, 1, out.data(), 261)) << place;
    }
}

TYPED_TEST(Combine, ScaledErrorFollowsItsFormula) {
  using Scalar = TypeParam;
  for (const auto count : counts) {
    const Array<Scalar> e(count, 1), z(count, 2), z_next(count, 3);
    double expected = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const double scaled = e[i] / (0.25 + 0.5 * std::max(std::fabs(z[i]), std::fabs(z_next[i])));
      expected += scaled * scaled;
    }
    EXPECT_NEAR(device::scaled_error(e.data(), z.data(), z_next.data(), 0.5, 0.25, count), expected, 1e-12 * (1 + expected));
  }
}

}  // namespace
}  // namespace neuralode::kernels::testing
