// The lattice kernels against their reference, to the bit, and the step against its inverse.
#include "kernels/cpu/lattice.h"

#include <gtest/gtest.h>

#include "kernels/cpu/lattice_reference.h"
#include "kernels/device.h"
#include "kernels/integers.h"

namespace neuralode::kernels::testing {
namespace {

constexpr double h = -0.3, quantum_z = 0x1p-60, quantum_v = 0x1p-58, c = h / 2 * quantum_v / quantum_z;  // |c| < 1
// Z, V and 2 u / quantum_v of up to 59 bits: conversions round, and no sum leaves 2^61.
constexpr int bits = 59;

template <class Scalar>
class LatticeKernels : public ::testing::Test {
 protected:
  void SetUp() override { need_device(); }
  using Real = Compute<Scalar>;
  static Real at(const Array<Scalar>& array, std::int64_t i) { return load(array.data()[i]); }

  /// Calls `body(count, shift)` for counts around the widths of vectors, at aligned and at odd addresses.
  template <class Body>
  static void each(const Body& body) {
    for (const std::int64_t count : {0, 1, 7, 64, 1003, 100003})
      for (const std::size_t shift : {std::size_t{0}, std::size_t{1}}) {
        SCOPED_TRACE(::testing::Message() << count << " elements, shifted by " << shift);
        body(count, shift);
      }
  }
};
using Scalars = ::testing::Types<float, double, BFloat16, Float16>;
TYPED_TEST_SUITE(LatticeKernels, Scalars);

TYPED_TEST(LatticeKernels, StartStateAndVelocityAreTheReferenceToTheBit) {
  this->each([this](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> z0(count, 1, shift), v0(count, 2, shift);
    const Integers Z(count, 3, bits, shift);
    Integers V(count, 0, 0, shift);
    Array<TypeParam> z(count, 4, shift), v(count, 5, shift);
    EXPECT_EQ(device::lattice_start(v0.data(), V.data(), quantum_v, count), lattice_fine);
    EXPECT_EQ(
        mismatches(V, [&](auto i) { return reference::lattice_start(v0[i], quantum_v).Z + reference::lattice_start(v0[i], quantum_v).V; }),
        0);
    device::lattice_state(z0.data(), Z.data(), z.data(), quantum_z, count);
    EXPECT_EQ(mismatches(z, [&](auto i) { return reference::lattice_state(this->at(z0, i), Z[i], quantum_z); }), 0);
    device::lattice_velocity(Z.data(), v.data(), quantum_v, count);
    EXPECT_EQ(mismatches(v, [&](auto i) { return quantum_v * static_cast<double>(Z[i]); }), 0);
  });
}

TYPED_TEST(LatticeKernels, HeadIsTheReferenceToTheBit) {
  this->each([this](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> z0(count, 1, shift);
    const Integers Z(count, 2, bits, shift), V(count, 3, bits, shift);
    Array<TypeParam> k(count, 4, shift);
    device::lattice_head(z0.data(), Z.data(), V.data(), k.data(), c, quantum_z, count);
    EXPECT_EQ(mismatches(k, [&](auto i) { return reference::lattice_head(this->at(z0, i), Z[i], V[i], c, quantum_z); }), 0);
  });
}

TYPED_TEST(LatticeKernels, TailIsTheReferenceToTheBit) {
  this->each([](std::int64_t count, std::size_t shift) {
    const Integers Z(count, 1, bits, shift), V(count, 2, bits, shift);
    const Array<TypeParam> u(count, 3, shift);
    Integers Z_next(count, 0, 0, shift), V_next(count, 0, 0, shift);
    EXPECT_EQ(device::lattice_tail(Z.data(), V.data(), u.data(), Z_next.data(), V_next.data(), c, quantum_v, count), lattice_fine);
    const auto expected = [&](auto i) { return reference::lattice_tail(Z[i], V[i], u[i], c, quantum_v); };
    EXPECT_EQ(mismatches(Z_next, [&](auto i) { return expected(i).Z; }), 0);
    EXPECT_EQ(mismatches(V_next, [&](auto i) { return expected(i).V; }), 0);
  });
}

TYPED_TEST(LatticeKernels, ReverseHeadIsTheReferenceToTheBit) {
  this->each([this](std::int64_t count, std::size_t shift) {
    const Array<TypeParam> z0(count, 1, shift), a_z(count, 2, shift), a_v(count, 3, shift);
    const Integers Z(count, 4, bits, shift), V(count, 5, bits, shift);
    Array<TypeParam> k(count, 6, shift), a_u(count, 7, shift);
    device::lattice_reverse_head(z0.data(), Z.data(), V.data(), a_z.data(), a_v.data(), k.data(), a_u.data(), h, c, quantum_z, count);
    EXPECT_EQ(mismatches(k, [&](auto i) { return reference::lattice_reverse_head(this->at(z0, i), Z[i], V[i], c, quantum_z); }), 0);
    EXPECT_EQ(mismatches(a_u, [&](auto i) { return reference::lattice_reverse_head_a_u(this->at(a_z, i), this->at(a_v, i), h); }), 0);
  });
}

TYPED_TEST(LatticeKernels, ReverseTailIsTheReferenceToTheBit) {
  this->each([this](std::int64_t count, std::size_t shift) {
    const Integers Z_next(count, 1, bits, shift), V_next(count, 2, bits, shift);
    const Array<TypeParam> u(count, 3, shift), g(count, 4, shift), a_z_next(count, 5, shift), a_v_next(count, 6, shift);
    Integers Z(count, 0, 0, shift), V(count, 0, 0, shift);
    Array<TypeParam> a_z(a_z_next), a_v(a_v_next);
    EXPECT_EQ(device::lattice_reverse_tail(Z_next.data(), V_next.data(), u.data(), g.data(), Z.data(), V.data(), a_z.data(), a_v.data(), h, c,
                                   quantum_v, count),
              lattice_fine);
    const auto point = [&](auto i) { return reference::lattice_reverse_tail(Z_next[i], V_next[i], u[i], c, quantum_v); };
    const auto cotangent = [&](auto i) {
      return reference::lattice_reverse_cotangent(this->at(a_z_next, i), this->at(a_v_next, i), this->at(g, i), h);
    };
    EXPECT_EQ(mismatches(Z, [&](auto i) { return point(i).Z; }), 0);
    EXPECT_EQ(mismatches(V, [&](auto i) { return point(i).V; }), 0);
    EXPECT_EQ(mismatches(a_z, [&](auto i) { return cotangent(i).a_z; }), 0);
    EXPECT_EQ(mismatches(a_v, [&](auto i) { return cotangent(i).a_v; }), 0);
  });
}

TYPED_TEST(LatticeKernels, AdvanceIsTheTailAndTheNextHeadToTheBit) {
  this->each([](std::int64_t count, std::size_t shift) {
    const double c_next = 0.07;
    const Integers Z(count, 1, bits, shift), V(count, 2, bits, shift);
    const Array<TypeParam> z0(count, 4, shift), u(count, 3, shift);
    Integers Z_next(count, 0, 0, shift), V_next(count, 0, 0, shift), Z_at_once(Z), V_at_once(V);
    Array<TypeParam> k(count, 0, shift), k_at_once(count, 0, shift);
    device::lattice_tail(Z.data(), V.data(), u.data(), Z_next.data(), V_next.data(), c, quantum_v, count);
    device::lattice_head(z0.data(), Z_next.data(), V_next.data(), k.data(), c_next, quantum_z, count);
    EXPECT_EQ(device::lattice_advance(z0.data(), Z_at_once.data(), V_at_once.data(), u.data(), Z_at_once.data(), V_at_once.data(), k_at_once.data(),
                              c, c_next, quantum_z, quantum_v, count),
              lattice_fine);
    EXPECT_TRUE(same_bits(Z_at_once, Z_next));
    EXPECT_TRUE(same_bits(V_at_once, V_next));
    EXPECT_TRUE(same_bits(k_at_once, k));
  });
}

TYPED_TEST(LatticeKernels, ReverseAdvanceIsTheReverseTailAndTheHeadBeforeToTheBit) {
  this->each([](std::int64_t count, std::size_t shift) {
    const double h_before = 0.17, c_before = h_before / 2 * quantum_v / quantum_z;
    const Integers Z_next(count, 1, bits, shift), V_next(count, 2, bits, shift);
    const Array<TypeParam> z0(count, 7, shift), u(count, 3, shift), g(count, 4, shift);
    Integers Z(count, 0, 0, shift), V(count, 0, 0, shift), Z_at_once(Z_next), V_at_once(V_next);
    Array<TypeParam> a_z(count, 5, shift), a_v(count, 6, shift), a_z_at_once(a_z), a_v_at_once(a_v);
    Array<TypeParam> k(count, 0, shift), a_u(count, 0, shift), k_at_once(count, 0, shift), a_u_at_once(count, 0, shift);
    device::lattice_reverse_tail(Z_next.data(), V_next.data(), u.data(), g.data(), Z.data(), V.data(), a_z.data(), a_v.data(), h, c, quantum_v,
                         count);
    device::lattice_reverse_head(z0.data(), Z.data(), V.data(), a_z.data(), a_v.data(), k.data(), a_u.data(), h_before, c_before, quantum_z, count);
    EXPECT_EQ(device::lattice_reverse_advance(z0.data(), Z_at_once.data(), V_at_once.data(), u.data(), g.data(), Z_at_once.data(), V_at_once.data(),
                                      a_z_at_once.data(), a_v_at_once.data(), k_at_once.data(), a_u_at_once.data(), h, c, h_before,
                                      c_before, quantum_z, quantum_v, count),
              lattice_fine);
    EXPECT_TRUE(same_bits(Z_at_once, Z));
    EXPECT_TRUE(same_bits(V_at_once, V));
    EXPECT_TRUE(same_bits(a_z_at_once, a_z));
    EXPECT_TRUE(same_bits(a_v_at_once, a_v));
    EXPECT_TRUE(same_bits(k_at_once, k));
    EXPECT_TRUE(same_bits(a_u_at_once, a_u));
  });
}

/// Steps dz/dt = sin 3z - z/2 by the kernels, forwards and back.
template <class Scalar>
struct Trajectory {
  Array<Scalar> z0;
  Integers Z, V;
  double quantum_z, quantum_v;
  Array<Scalar> k, u, a_z, a_v;
  std::int32_t flags = lattice_fine;

  Trajectory(std::int64_t count, std::size_t shift, double quantum_z, double quantum_v)
      : z0(count, 1, shift),
        Z(count, 0, 0, shift),
        V(count, 0, 0, shift),
        quantum_z(quantum_z),
        quantum_v(quantum_v),
        k(count),
        u(count),
        a_z(count, 3, shift),
        a_v(count, 4, shift) {
    flags |= device::lattice_start(Array<Scalar>(count, 2).data(), V.data(), quantum_v, count);
  }
  void evaluate() {
    for (std::int64_t i = 0; i < k.count(); ++i) u.set(i, std::sin(3 * k[i]) - k[i] / 2);
  }
  void step(double h) {
    const double c = h / 2 * quantum_v / quantum_z;
    device::lattice_head(z0.data(), Z.data(), V.data(), k.data(), c, quantum_z, Z.count());
    evaluate();
    flags |= device::lattice_tail(Z.data(), V.data(), u.data(), Z.data(), V.data(), c, quantum_v, Z.count());
  }
  void back(double h) {
    const double c = h / 2 * quantum_v / quantum_z;
    Array<Scalar> a_u(u.count());
    device::lattice_reverse_head(z0.data(), Z.data(), V.data(), a_z.data(), a_v.data(), k.data(), a_u.data(), h, c, quantum_z, Z.count());
    evaluate();
    flags |= device::lattice_reverse_tail(Z.data(), V.data(), u.data(), a_u.data(), Z.data(), V.data(), a_z.data(), a_v.data(), h, c, quantum_v,
                                  Z.count());
  }
};

TYPED_TEST(LatticeKernels, ManyStepsOfAnyLengthAndSignAreUndoneToTheBit) {
  for (const std::int64_t count : {1, 7, 64, 1003})
    for (const std::size_t shift : {std::size_t{0}, std::size_t{1}})
      for (const double quantum : {0x1p-40, 1e-12}) {  // 1e-12: no power of two, so that c and 2 u / quantum round
        SCOPED_TRACE(::testing::Message() << count << " elements, shifted by " << shift << ", quantum " << quantum);
        Trajectory<TypeParam> trajectory(count, shift, quantum, 3 * quantum);
        const Integers V0 = trajectory.V, zeros(count);
        std::mt19937_64 random(5);
        std::vector<double> lengths(300);
        for (auto& length : lengths) length = std::uniform_real_distribution<double>(-0.1, 0.2)(random);
        for (const double length : lengths) trajectory.step(length);
        ASSERT_FALSE(same_bits(trajectory.Z, zeros));
        for (auto length = lengths.rbegin(); length != lengths.rend(); ++length) trajectory.back(*length);
        EXPECT_TRUE(same_bits(trajectory.Z, zeros));
        EXPECT_TRUE(same_bits(trajectory.V, V0));
        EXPECT_EQ(trajectory.flags, lattice_fine);
      }
}

TYPED_TEST(LatticeKernels, StepsOnNumbersBeyondTheDoublesIntegersAreUndoneToTheBit) {
  const std::int64_t count = 1003;
  const Integers Z(count, 1, bits), V(count, 2, bits);
  const Array<TypeParam> u(count, 3);
  Integers Z_back(Z), V_back(V);
  Array<TypeParam> a_z(count), a_v(count);
  EXPECT_EQ(device::lattice_tail(Z_back.data(), V_back.data(), u.data(), Z_back.data(), V_back.data(), c, quantum_v, count), lattice_fine);
  EXPECT_EQ(device::lattice_reverse_tail(Z_back.data(), V_back.data(), u.data(), u.data(), Z_back.data(), V_back.data(), a_z.data(), a_v.data(), h,
                                 c, quantum_v, count),
            lattice_fine);
  EXPECT_TRUE(same_bits(Z_back, Z));
  EXPECT_TRUE(same_bits(V_back, V));
}

TYPED_TEST(LatticeKernels, TheStateWithoutADisplacementHasTheBitsOfZ0) {
  using Limits = std::numeric_limits<float>;
  Array<TypeParam> z0(19, 1);
  const double special[] = {0.0,       -0.0,      Limits::denorm_min(), -Limits::denorm_min(), Limits::min(),
                            3.3895e38, -3.3895e38};  // bfloat16's largest
  for (std::int64_t i = 0; i < 7; ++i) z0.set(2 * i + 1, special[i]);
  const Integers zeros(z0.count());
  Array<TypeParam> z(19, 2), k(19, 3), reversed(19, 4), a_u(19);
  device::lattice_state(z0.data(), zeros.data(), z.data(), quantum_z, 19);
  device::lattice_head(z0.data(), zeros.data(), zeros.data(), k.data(), c, quantum_z, 19);
  device::lattice_reverse_head(z0.data(), zeros.data(), zeros.data(), z.data(), z.data(), reversed.data(), a_u.data(), h, c, quantum_z, 19);
  EXPECT_TRUE(same_bits(z, z0));
  EXPECT_TRUE(same_bits(k, z0));
  EXPECT_TRUE(same_bits(reversed, z0));
}

TYPED_TEST(LatticeKernels, TiesGoToTheEvenInteger) {
  Array<TypeParam> halves(8), zeros(8), k(8);
  const double values[] = {0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, -3.5};
  const std::int64_t even[] = {0, 2, 2, 4, 0, -2, -2, -4};
  Integers V(8), odd(8), Z_next(8), V_next(8);
  for (std::int64_t i = 0; i < 8; ++i) {
    halves.set(i, values[i]);
    zeros.set(i, 0);
    odd[i] = static_cast<std::int64_t>(2 * values[i]);
  }
  device::lattice_start(halves.data(), V.data(), 1, 8);
  EXPECT_EQ(mismatches(V, [&](auto i) { return even[i]; }), 0);
  device::lattice_head(zeros.data(), Integers(8).data(), odd.data(), k.data(), 0.5, 1, 8);
  EXPECT_EQ(mismatches(k, [&](auto i) { return even[i] == 0 ? 0 : double(even[i]); }), 0);
  device::lattice_tail(Integers(8).data(), Integers(8).data(), halves.data(), Z_next.data(), V_next.data(), 0, 2, 8);
  EXPECT_EQ(mismatches(V_next, [&](auto i) { return even[i]; }), 0);
}

TYPED_TEST(LatticeKernels, OutputsMayBeTheirInputs) {
  const std::int64_t count = 1003;
  const Array<TypeParam> z0(count, 1), u(count, 2), a_z(count, 3), a_v(count, 4);
  const Integers Z(count, 5, bits), V(count, 6, bits);
  Array<TypeParam> k(count), over_z0(z0), a_u(count), over_a_v(a_v);
  device::lattice_head(z0.data(), Z.data(), V.data(), k.data(), c, quantum_z, count);
  device::lattice_head(over_z0.data(), Z.data(), V.data(), over_z0.data(), c, quantum_z, count);
  EXPECT_TRUE(same_bits(over_z0, k));
  over_z0 = z0;
  device::lattice_reverse_head(z0.data(), Z.data(), V.data(), a_z.data(), a_v.data(), k.data(), a_u.data(), h, c, quantum_z, count);
  device::lattice_reverse_head(over_z0.data(), Z.data(), V.data(), a_z.data(), over_a_v.data(), over_z0.data(), over_a_v.data(), h, c, quantum_z,
                       count);
  EXPECT_TRUE(same_bits(over_z0, k));
  EXPECT_TRUE(same_bits(over_a_v, a_u));
  Integers Z_next(count), V_next(count), over_Z(Z), over_V(V);
  device::lattice_tail(Z.data(), V.data(), u.data(), Z_next.data(), V_next.data(), c, quantum_v, count);
  device::lattice_tail(over_Z.data(), over_V.data(), u.data(), over_Z.data(), over_V.data(), c, quantum_v, count);
  EXPECT_TRUE(same_bits(over_Z, Z_next));
  EXPECT_TRUE(same_bits(over_V, V_next));
}

class LatticeDifference : public ::testing::Test {
 protected:
  void SetUp() override { need_device(); }
};

TEST_F(LatticeDifference, OneAmongLargeNumbersIsOne) {
  for (const std::int64_t count : {1, 7, 64, 1003})
    for (std::int64_t at = 0; at < count; at += 1 + count / 50) {
      const Integers a(count, 1, 61);
      Integers b(a);
      EXPECT_EQ(device::lattice_difference(a.data(), b.data(), count), 0);
      b[at] += at % 2 == 0 ? 1 : -1;
      EXPECT_EQ(device::lattice_difference(a.data(), b.data(), count), 1) << at << " of " << count;
    }
  EXPECT_EQ(device::lattice_difference(nullptr, nullptr, 0), 0);
}

TEST_F(LatticeDifference, HoldsAcrossTheWholeOfInt64) {
  Integers a(9), b(9);
  a[4] = std::numeric_limits<std::int64_t>::min();
  b[4] = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(device::lattice_difference(a.data(), b.data(), 9), 0x1p64);  // 2^64 - 1, rounded
  EXPECT_EQ(device::lattice_difference(b.data(), a.data(), 9), 0x1p64);
}

}  // namespace
}  // namespace neuralode::kernels::testing
