#include "kernels/cpu/alf.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/arrays.h"
#include "kernels/cpu/alf_reference.h"
#include "kernels/device.h"
#include "kernels/integers.h"

namespace neuralode::kernels::testing {
namespace {

constexpr double h = -0.3, eta = 0.8;
constexpr std::int64_t counts[] = {0, 1, 7, 64, 1000003};

template <class Scalar>
class AlfKernels : public ::testing::Test {
 protected:
  void SetUp() override { need_device(); }
  /// Calls `body(count, shift)` for every count, at aligned and at odd addresses.
  template <class Body>
  static void each(const Body& body) {
    for (const auto count : counts)
      for (const std::size_t shift : {std::size_t{0}, std::size_t{1}}) {
        SCOPED_TRACE(::testing::Message() << count << " elements, shifted by " << shift);
        body(count, shift);
      }
  }
};
using Scalars = ::testing::Types<float, double, BFloat16, Float16>;
TYPED_TEST_SUITE(AlfKernels, Scalars);

TYPED_TEST(AlfKernels, HeadAgreesWithTheReference) {
  this->each([](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> z(count, 1, shift), v(count, 2, shift);
    Array<TypeParam> k(count, 3, shift);
    device::alf_head(z.data(), v.data(), k.data(), h, count);
    // |k| <= 1.15; the product and the sum round, and so does h / 2.
    EXPECT_LE(largest_error(k, [&](auto i) { return reference::head(z[i], v[i], h); }), tolerance<TypeParam>(1.15, 3));
  });
}

TYPED_TEST(AlfKernels, TailAgreesWithTheReference) {
  this->each([](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> k(count, 1, shift), v(count, 2, shift), u(count, 3, shift);
    Array<TypeParam> z_next(count, 4, shift), v_next(count, 5, shift);
    device::alf_tail(k.data(), v.data(), u.data(), z_next.data(), v_next.data(), h, eta, count);
    const auto expected = [&](auto i) { return reference::tail(k[i], v[i], u[i], h, eta); };
    // |v'| <= 0.6 + 1.6; two constants, two products and a sum round; z' <= 1 + 0.15 * 2.2 has three roundings more.
    EXPECT_LE(largest_error(v_next, [&](auto i) { return expected(i).v; }), tolerance<TypeParam>(2.2, 5));
    EXPECT_LE(largest_error(z_next, [&](auto i) { return expected(i).z; }), tolerance<TypeParam>(2.2, 8));
  });
}

TYPED_TEST(AlfKernels, ErrorAgreesWithTheReference) {
  this->each([](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> z(count, 1, shift), z_next(count, 2, shift), u(count, 3, shift), v(count, 4, shift);
    double expected = 0;
    for (std::int64_t i = 0; i < count; ++i) expected += reference::error(z[i], z_next[i], u[i], v[i], h, 1e-2, 1e-3);
    // Both sum doubles of one sign: at most one rounding a term, and some ten inside each.
    const double rounding = double(count + 10) * std::numeric_limits<double>::epsilon();
    EXPECT_NEAR(device::alf_error(z.data(), z_next.data(), u.data(), v.data(), h, 1e-2, 1e-3, count), expected, expected * rounding);
  });
}

TYPED_TEST(AlfKernels, ReverseHeadAgreesWithTheReference) {
  this->each([](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> z(count, 1, shift), v(count, 2, shift), a_z(count, 3, shift), a_v(count, 4, shift);
    Array<TypeParam> k(count, 5, shift), a_u(count, 6, shift);
    device::alf_reverse_head(z.data(), v.data(), a_z.data(), a_v.data(), k.data(), a_u.data(), h, eta, count);
    // |k| <= 1.15 as in the head; |a_u| <= 1.6 * 1.15, five roundings.
    EXPECT_LE(largest_error(k, [&](auto i) { return reference::reverse_head_k(z[i], v[i], h); }), tolerance<TypeParam>(1.15, 3));
    EXPECT_LE(largest_error(a_u, [&](auto i) { return reference::reverse_head_a_u(a_z[i], a_v[i], h, eta); }),
              tolerance<TypeParam>(1.84, 5));
  });
}

TYPED_TEST(AlfKernels, ReverseTailAgreesWithTheReference) {
  this->each([](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> k(count, 1, shift), v_next(count, 2, shift), u(count, 3, shift), g(count, 4, shift);
    const Array<TypeParam> a_z_next(count, 5, shift), a_u(count, 6, shift);
    Array<TypeParam> z(count, 7, shift), v(count, 8, shift), a_z(a_z_next), a_v(count, 9, shift);
    device::alf_reverse_tail(k.data(), v_next.data(), u.data(), g.data(), a_u.data(), z.data(), v.data(), a_z.data(), a_v.data(), h, eta, count);
    const auto point = [&](auto i) { return reference::reverse_tail(k[i], v_next[i], u[i], h, eta); };
    const auto cotangent = [&](auto i) { return reference::reverse_cotangent(a_z_next[i], a_u[i], g[i], h, eta); };
    // |v| <= (1 + 1.6) / 0.6 = 4.4 after six roundings; |z| <= 1 + 0.15 * 4.4; |a_k| <= 2; |a_v| <= 0.6 / 1.6 + 0.15 * 2.
    EXPECT_LE(largest_error(v, [&](auto i) { return point(i).v; }), tolerance<TypeParam>(4.4, 6));
    EXPECT_LE(largest_error(z, [&](auto i) { return point(i).z; }), tolerance<TypeParam>(4.4, 9));
    EXPECT_LE(largest_error(a_z, [&](auto i) { return cotangent(i).a_z; }), tolerance<TypeParam>(2, 1));
    EXPECT_LE(largest_error(a_v, [&](auto i) { return cotangent(i).a_v; }), tolerance<TypeParam>(2, 8));
  });
}

TYPED_TEST(AlfKernels, AdvanceIsTheTailAndTheNextHeadToTheBit) {
  this->each([](std::int64_t count, std::size_t shift) {
    const double h_next = 0.7;
    const Array<TypeParam> k(count, 1, shift), v(count, 2, shift), u(count, 3, shift);
    Array<TypeParam> z_next(count, 0, shift), v_next(count, 0, shift), k_next(count, 0, shift);
    device::alf_tail(k.data(), v.data(), u.data(), z_next.data(), v_next.data(), h, eta, count);
    device::alf_head(z_next.data(), v_next.data(), k_next.data(), h_next, count);
    Array<TypeParam> k_at_once(k), v_at_once(v);
    EXPECT_TRUE(device::alf_advance(k_at_once.data(), v_at_once.data(), u.data(), k_at_once.data(), v_at_once.data(), h, h_next, eta, count));
    EXPECT_TRUE(same_bits(k_at_once, k_next));
    EXPECT_TRUE(same_bits(v_at_once, v_next));
  });
}

TYPED_TEST(AlfKernels, ReverseAdvanceIsTheReverseTailAndTheHeadBeforeToTheBit) {
  this->each([](std::int64_t count, std::size_t shift) {
    const double h_before = 0.7;
    const Array<TypeParam> k(count, 1, shift), v_next(count, 2, shift), u(count, 3, shift), g(count, 4, shift);
    const Array<TypeParam> a_z_next(count, 5, shift), a_u(count, 6, shift);
    Array<TypeParam> z(count, 0, shift), v(count, 0, shift), a_z(a_z_next), a_v(count, 0, shift);
    Array<TypeParam> k_before(count, 0, shift), a_u_before(count, 0, shift);
    device::alf_reverse_tail(k.data(), v_next.data(), u.data(), g.data(), a_u.data(), z.data(), v.data(), a_z.data(), a_v.data(), h, eta, count);
    device::alf_reverse_head(z.data(), v.data(), a_z.data(), a_v.data(), k_before.data(), a_u_before.data(), h_before, eta, count);
    Array<TypeParam> k_at_once(k), v_at_once(v_next), a_z_at_once(a_z_next), a_u_at_once(a_u);
    device::alf_reverse_advance(k_at_once.data(), v_at_once.data(), u.data(), g.data(), a_u_at_once.data(), k_at_once.data(), v_at_once.data(),
                        a_z_at_once.data(), a_u_at_once.data(), h, h_before, eta, count);
    EXPECT_TRUE(same_bits(k_at_once, k_before));
    EXPECT_TRUE(same_bits(v_at_once, v));
    EXPECT_TRUE(same_bits(a_z_at_once, a_z));
    EXPECT_TRUE(same_bits(a_u_at_once, a_u_before));
  });
}

TYPED_TEST(AlfKernels, TailAndAdvanceTellOfOneBadElementAnywhere) {
  for (const std::int64_t count : {1, 7, 64, 1003})
    for (const double bad : {double(INFINITY), -double(INFINITY), double(NAN)})
      for (const std::int64_t at : {std::int64_t{0}, count / 2, count - 1}) {
        const Array<TypeParam> k(count, 1), v(count, 2);
        Array<TypeParam> u(count, 3), z_next(count), v_next(count);
        u.set(at, bad);
        EXPECT_FALSE(device::alf_tail(k.data(), v.data(), u.data(), z_next.data(), v_next.data(), h, eta, count)) << bad << " at " << at;
        EXPECT_FALSE(device::alf_advance(k.data(), v.data(), u.data(), z_next.data(), v_next.data(), h, h, eta, count)) << bad << " at " << at;
      }
}

TYPED_TEST(AlfKernels, DotSumsInDouble) {
  this->each([](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> a(count, 1, shift), b(count, 2, shift);
    double expected = 0, size = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      expected += a[i] * b[i];
      size += std::fabs(a[i] * b[i]);
    }
    // One rounding a term in each of the two sums, relative to the sum of sizes.
    EXPECT_NEAR(device::dot(a.data(), b.data(), count), expected, size * double(count + 1) * std::numeric_limits<double>::epsilon());
  });
}

TYPED_TEST(AlfKernels, HeadMayWriteOverEitherInput) {
  const std::int64_t count = 1003;
  const Array<TypeParam> z(count, 1), v(count, 2);
  Array<TypeParam> apart(count), over_z(z), over_v(v);
  device::alf_head(z.data(), v.data(), apart.data(), h, count);
  device::alf_head(over_z.data(), v.data(), over_z.data(), h, count);
  device::alf_head(z.data(), over_v.data(), over_v.data(), h, count);
  EXPECT_TRUE(same_bits(over_z, apart));
  EXPECT_TRUE(same_bits(over_v, apart));
}

TYPED_TEST(AlfKernels, TailMayWriteOverItsInputs) {
  const std::int64_t count = 1003;
  const Array<TypeParam> k(count, 1), v(count, 2), u(count, 3);
  Array<TypeParam> z_apart(count), v_apart(count);
  device::alf_tail(k.data(), v.data(), u.data(), z_apart.data(), v_apart.data(), h, eta, count);
  Array<TypeParam> over_k(k), over_v(v);
  device::alf_tail(over_k.data(), over_v.data(), u.data(), over_k.data(), over_v.data(), h, eta, count);
  EXPECT_TRUE(same_bits(over_k, z_apart));
  EXPECT_TRUE(same_bits(over_v, v_apart));
  Array<TypeParam> over_u(u), over_k_again(k);
  device::alf_tail(over_k_again.data(), v.data(), over_u.data(), over_u.data(), over_k_again.data(), h, eta, count);
  EXPECT_TRUE(same_bits(over_u, z_apart));
  EXPECT_TRUE(same_bits(over_k_again, v_apart));
}

TYPED_TEST(AlfKernels, ReverseHeadMayWriteOverItsInputs) {
  const std::int64_t count = 1003;
  const Array<TypeParam> z(count, 1), v(count, 2), a_z(count, 3), a_v(count, 4);
  Array<TypeParam> k_apart(count), a_u_apart(count), over_z(z), over_a_v(a_v);
  device::alf_reverse_head(z.data(), v.data(), a_z.data(), a_v.data(), k_apart.data(), a_u_apart.data(), h, eta, count);
  device::alf_reverse_head(over_z.data(), v.data(), a_z.data(), over_a_v.data(), over_z.data(), over_a_v.data(), h, eta, count);
  EXPECT_TRUE(same_bits(over_z, k_apart));
  EXPECT_TRUE(same_bits(over_a_v, a_u_apart));
}

TYPED_TEST(AlfKernels, ReverseTailMayWriteOverItsInputs) {
  const std::int64_t count = 1003;
  const Array<TypeParam> k(count, 1), v_next(count, 2), u(count, 3), g(count, 4), a_z_next(count, 5), a_u(count, 6);
  Array<TypeParam> z_apart(count), v_apart(count), a_z_apart(a_z_next), a_v_apart(count);
  device::alf_reverse_tail(k.data(), v_next.data(), u.data(), g.data(), a_u.data(), z_apart.data(), v_apart.data(), a_z_apart.data(),
                   a_v_apart.data(), h, eta, count);
  Array<TypeParam> over_k(k), over_v(v_next), a_z(a_z_next), a_v(a_u);
  device::alf_reverse_tail(over_k.data(), over_v.data(), u.data(), g.data(), a_v.data(), over_k.data(), over_v.data(), a_z.data(), a_v.data(), h,
                   eta, count);
  EXPECT_TRUE(same_bits(over_k, z_apart));
  EXPECT_TRUE(same_bits(over_v, v_apart));
  EXPECT_TRUE(same_bits(a_z, a_z_apart));
  EXPECT_TRUE(same_bits(a_v, a_v_apart));
}

TYPED_TEST(AlfKernels, InverseUndoesTheStep) {
  const std::int64_t count = 1003;
  for (const double damping : {1.0, 0.9, 0.75, 0.3}) {
    SCOPED_TRACE(damping);
    const Array<TypeParam> z0(count, 1), v0(count, 2), u(count, 3), zeros(count, 4);
    Array<TypeParam> z(z0), v(v0), k(count), a_u(count), a_z(zeros), a_v(zeros);
    device::alf_head(z.data(), v.data(), z.data(), h, count);
    device::alf_tail(z.data(), v.data(), u.data(), z.data(), v.data(), h, damping, count);
    device::alf_reverse_head(z.data(), v.data(), a_z.data(), a_v.data(), k.data(), a_u.data(), h, damping, count);
    device::alf_reverse_tail(k.data(), v.data(), u.data(), zeros.data(), a_u.data(), z.data(), v.data(), a_z.data(), a_v.data(), h, damping, count);
    // The forward step rounds v' <= 3 (five times, and once on storing); the inverse multiplies that by 1 / |1 - 2 eta|.
    EXPECT_LE(largest_error(v, [&](auto i) { return v0[i]; }), 2 * tolerance<TypeParam>(3, 8) / std::fabs(1 - 2 * damping));
    EXPECT_LE(largest_error(z, [&](auto i) { return z0[i]; }), 2 * tolerance<TypeParam>(3, 8) / std::fabs(1 - 2 * damping));
  }
}

}  // namespace
}  // namespace neuralode::kernels::testing
