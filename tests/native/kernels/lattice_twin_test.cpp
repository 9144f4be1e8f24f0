// lattice_element.h and rounded.h, of which the CUDA kernels are made, against the CPU's kernels and the language's own conversions. Here
// they are compiled for the oldest instruction set; the CPU's kernels choose among clones for newer ones.
#include <gtest/gtest.h>

#include "kernels/cpu/lattice.h"
#include "kernels/cpu/lattice_reference.h"
#include "kernels/integers.h"
#include "kernels/lattice_element.h"

namespace neuralode::kernels::testing {
namespace {

TEST(LatticeTwin, RealOfIsTheNearestDouble) {
  const auto check = [](std::int64_t n) { ASSERT_EQ(real_of(n), static_cast<double>(n)) << n; };
  for (int bit = 0; bit < 63; ++bit)
    for (std::int64_t offset = -3; offset <= 3; ++offset) {
      check((std::int64_t{1} << bit) + offset);
      check(-(std::int64_t{1} << bit) - offset);
    }
  for (const auto bound : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) check(bound);
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000000; ++i) check(any_integer(random, 63));
}

TEST(LatticeTwin, IntegerOfIsTheNearestIntegerTiesToEven) {
  const auto check = [](double x) { ASSERT_EQ(integer_of(x), reference::nearest(x)) << x; };
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000000; ++i) {
    const double n = static_cast<double>(any_integer(random, 61));
    for (const double x : {n, n + 0.5, std::nextafter(n + 0.5, INFINITY), std::nextafter(n + 0.5, -INFINITY), n / 3, n * 0x1p-32}) check(x);
  }
  for (const double x :
       {0.0, -0.0, 0x1p-1074, 0x1p31, 0x1p31 + 0.5, 0x1p32 - 0.5, -0x1p31 - 0.5, 0x1p51 + 0.5, 0x1p52 - 0.5, 0x1p61, -0x1p61})
    check(x);
}

template <class Scalar>
class LatticeTwins : public ::testing::Test {};
using Scalars = ::testing::Types<float, double, BFloat16>;
TYPED_TEST_SUITE(LatticeTwins, Scalars);

constexpr double h = 0.17, quantum_z = 3e-18, quantum_v = 5e-18, c = h / 2 * quantum_v / quantum_z;
constexpr std::int64_t count = 100003;

TYPED_TEST(LatticeTwins, StatesOfTheKernelsHaveTheBitsOfTheElementFunctions) {
  const Array<TypeParam> z0(count, 1);
  const Integers Z(count, 2, 60), V(count, 3, 60);
  Array<TypeParam> z(count), v(count), k(count);
  lattice_state(z0.data(), Z.data(), z.data(), quantum_z, count);
  EXPECT_EQ(mismatches(z, [&](auto i) { return element::state(load(z0.data()[i]), Z[i], quantum_z); }), 0);
  lattice_velocity(V.data(), v.data(), quantum_v, count);
  EXPECT_EQ(mismatches(v, [&](auto i) { return element::velocity(V[i], quantum_v); }), 0);
  lattice_head(z0.data(), Z.data(), V.data(), k.data(), c, quantum_z, count);
  EXPECT_EQ(mismatches(k, [&](auto i) { return element::head(load(z0.data()[i]), Z[i], V[i], c, quantum_z); }), 0);
}

TYPED_TEST(LatticeTwins, StepsOfTheKernelsHaveTheBitsOfTheElementFunctions) {
  const Integers Z(count, 1, 60), V(count, 2, 60);
  Array<TypeParam> u(count, 3);
  for (std::int64_t i = 0; i < count; i += 97) u.set(i, i % 2 == 0 ? 0x1p90 : INFINITY);  // to be flagged, and then the same all the same
  Integers Z_next(count), V_next(count), V_start(count);
  element::Flags flags = lattice_fine, start_flags = lattice_fine;
  for (std::int64_t i = 0; i < count; ++i) {
    flags |= element::tail(Z[i], V[i], load(u.data()[i]), c, quantum_v).flags;
    start_flags |= element::start(load(u.data()[i]), quantum_v).flags;
  }
  EXPECT_EQ(lattice_tail(Z.data(), V.data(), u.data(), Z_next.data(), V_next.data(), c, quantum_v, count), flags);
  EXPECT_EQ(mismatches(Z_next, [&](auto i) { return element::tail(Z[i], V[i], load(u.data()[i]), c, quantum_v).Z; }), 0);
  EXPECT_EQ(mismatches(V_next, [&](auto i) { return element::tail(Z[i], V[i], load(u.data()[i]), c, quantum_v).V; }), 0);
  EXPECT_EQ(lattice_start(u.data(), V_start.data(), quantum_v, count), start_flags);
  EXPECT_EQ(mismatches(V_start, [&](auto i) { return element::start(load(u.data()[i]), quantum_v).V; }), 0);
}

TYPED_TEST(LatticeTwins, ReverseStepsOfTheKernelsHaveTheBitsOfTheElementFunctions) {
  const auto half = static_cast<Compute<TypeParam>>(h / 2);
  const Array<TypeParam> z0(count, 1), u(count, 2), g(count, 3), a_z_next(count, 4), a_v_next(count, 5);
  const Integers Z_next(count, 6, 60), V_next(count, 7, 60);
  Array<TypeParam> k(count), a_u(count), a_z(a_z_next), a_v(a_v_next);
  Integers Z(count), V(count);
  lattice_reverse_head(z0.data(), Z_next.data(), V_next.data(), a_z.data(), a_v.data(), k.data(), a_u.data(), h, c, quantum_z, count);
  lattice_reverse_tail(Z_next.data(), V_next.data(), u.data(), g.data(), Z.data(), V.data(), a_z.data(), a_v.data(), h, c, quantum_v,
                       count);
  const auto at = [](const auto& array, auto i) { return load(array.data()[i]); };
  const auto point = [&](auto i) { return element::tail(Z_next[i], V_next[i], at(u, i), -c, quantum_v); };
  const auto cotangent = [&](auto i) { return element::reverse_tail(at(a_z_next, i), at(a_v_next, i), at(g, i), half); };
  EXPECT_EQ(mismatches(k, [&](auto i) { return element::head(at(z0, i), Z_next[i], V_next[i], -c, quantum_z); }), 0);
  EXPECT_EQ(mismatches(a_u, [&](auto i) { return element::reverse_head(at(a_z_next, i), at(a_v_next, i), half); }), 0);
  EXPECT_EQ(mismatches(Z, [&](auto i) { return point(i).Z; }), 0);
  EXPECT_EQ(mismatches(V, [&](auto i) { return point(i).V; }), 0);
  EXPECT_EQ(mismatches(a_z, [&](auto i) { return cotangent(i).a_z; }), 0);
  EXPECT_EQ(mismatches(a_v, [&](auto i) { return cotangent(i).a_v; }), 0);
}

}  // namespace
}  // namespace neuralode::kernels::testing
