// What the lattice kernels report of numbers that have no place on the lattice.
#include <gtest/gtest.h>

#include "kernels/cpu/lattice.h"
#include "kernels/cpu/lattice_reference.h"
#include "kernels/integers.h"

namespace neuralode::kernels::testing {
namespace {

constexpr double quantum = 0x1p-40;  // so that fine elements keep to 2^41, and c times them to 2^59
constexpr std::int64_t count = 21;   // a vector of every width, and a rest
constexpr std::int64_t limit = std::int64_t{1} << 61;

/// One element that the step cannot take, and what it is to report.
struct Bad {
  const char* what;
  std::int64_t Z, V;
  double u, c;
  std::int32_t flags;
};
constexpr double infinity = std::numeric_limits<double>::infinity();
const Bad bad_elements[] = {
    {"infinite u", 0, 0, infinity, 0.25, lattice_non_finite},
    {"minus infinite u", 5, -5, -infinity, 0.25, lattice_non_finite},
    {"u not a number", 0, 0, std::numeric_limits<double>::quiet_NaN(), 0.25, lattice_non_finite},
    {"2 u / quantum at the limit", 0, 0, 0x1p20, 0.25, lattice_overflow},
    {"2 u / quantum at minus the limit", 0, 0, -0x1p20, 0.25, lattice_overflow},
    {"2 u / quantum beyond int64", 0, 0, 0x1p100, 0.25, lattice_overflow},
    {"V_next at the limit", 0, 1 - limit, 0x1p-41, 0.25, lattice_overflow},
    {"V_next at minus the limit", 0, limit - 1, -0x1p-41, 0.25, lattice_overflow},
    {"c V at the limit, V_next 0", 0, limit / 2, 0x1p19, 2, lattice_overflow},
    {"c V beyond int64, V_next 0", 0, -limit / 2, -0x1p19, 0x1p18, lattice_overflow},
    {"c V_next beyond int64", 0, 0, 0x1p19, 0x1p10, lattice_overflow},
    {"Z_next at the limit", limit - 1, 0, 0x1p-39, 0.25, lattice_overflow},
    {"Z_next at minus the limit", 1 - limit, 0, -0x1p-39, 0.25, lattice_overflow},
};

template <class Scalar>
class LatticeFlagsOf : public ::testing::Test {
 protected:
  /// `bad` at `position` among fine elements. The result is compared with the reference at all the others.
  struct Step {
    Integers Z{count, 1, 40}, V{count, 2, 40}, Z_next{count}, V_next{count};
    Array<Scalar> u{count, 3}, a_z{count, 4}, a_v{count, 5};
    double c;
    Step(const Bad& bad, std::int64_t position) : c(bad.c) { put(bad, position); }
    void put(const Bad& bad, std::int64_t position) {
      Z[position] = bad.Z;
      V[position] = bad.V;
      u.set(position, bad.u);
    }
    std::int32_t tail() { return lattice_tail(Z.data(), V.data(), u.data(), Z_next.data(), V_next.data(), c, quantum, count); }
    /// With -c the inverse is the step itself, and so is what it cannot take.
    std::int32_t reverse_tail() {
      return lattice_reverse_tail(Z.data(), V.data(), u.data(), u.data(), Z_next.data(), V_next.data(), a_z.data(), a_v.data(), 0.1, -c,
                                  quantum, count);
    }
  };
};
using Scalars = ::testing::Types<float, double, BFloat16>;
TYPED_TEST_SUITE(LatticeFlagsOf, Scalars);

TYPED_TEST(LatticeFlagsOf, TailReportsOneBadElementAnywhere) {
  for (const auto& bad : bad_elements)
    for (std::int64_t position = 0; position < count; ++position) {
      typename TestFixture::Step step(bad, position);
      EXPECT_EQ(step.tail(), bad.flags) << bad.what << " at " << position;
    }
}

TYPED_TEST(LatticeFlagsOf, ReverseTailReportsOneBadElementAnywhere) {
  for (const auto& bad : bad_elements)
    for (std::int64_t position = 0; position < count; ++position) {
      typename TestFixture::Step step(bad, position);
      EXPECT_EQ(step.reverse_tail(), bad.flags) << bad.what << " at " << position;
    }
}

TEST(LatticeFlags, TheReferenceReportsTheSame) {
  for (const auto& bad : bad_elements) {
    EXPECT_EQ(reference::lattice_tail(bad.Z, bad.V, bad.u, bad.c, quantum).flags, bad.flags) << bad.what;
    EXPECT_EQ(reference::lattice_reverse_tail(bad.Z, bad.V, bad.u, -bad.c, quantum).flags, bad.flags) << bad.what;
  }
}

TYPED_TEST(LatticeFlagsOf, ABadElementLeavesTheOthersAsTheyAre) {
  for (const auto& bad : bad_elements) {
    typename TestFixture::Step step(bad, 10);
    step.tail();
    for (std::int64_t i = 0; i < count; ++i) {
      if (i == 10) continue;
      const auto expected = reference::lattice_tail(step.Z[i], step.V[i], step.u[i], step.c, quantum);
      EXPECT_EQ(step.Z_next[i], expected.Z) << bad.what << ", element " << i;
      EXPECT_EQ(step.V_next[i], expected.V) << bad.what << ", element " << i;
    }
  }
}

TYPED_TEST(LatticeFlagsOf, BothKindsTogetherAreBothReported) {
  typename TestFixture::Step step(bad_elements[0], 3);
  step.put(bad_elements[3], 17);
  EXPECT_EQ(step.tail(), lattice_overflow | lattice_non_finite);
  EXPECT_EQ(step.reverse_tail(), lattice_overflow | lattice_non_finite);
}

TYPED_TEST(LatticeFlagsOf, TheLargestNumbersWithinTheLimitAreFine) {
  for (const std::int64_t sign : {1, -1}) {
    const Bad extreme{"", sign * (limit - 1), sign * (limit - 1), 0, 0, lattice_fine};
    typename TestFixture::Step step(extreme, 10);
    EXPECT_EQ(step.tail(), lattice_fine);
    EXPECT_EQ(step.Z_next[10], sign * (limit - 1));
    EXPECT_EQ(step.V_next[10], -sign * (limit - 1));
  }
}

TYPED_TEST(LatticeFlagsOf, StartReportsOneBadElementAnywhere) {
  const Bad velocities[] = {bad_elements[0],
                            bad_elements[1],
                            bad_elements[2],
                            {"the limit", 0, 0, 0x1p21, 0, lattice_overflow},
                            {"minus the limit", 0, 0, -0x1p21, 0, lattice_overflow},
                            {"beyond int64", 0, 0, 0x1p100, 0, lattice_overflow}};
  for (const auto& bad : velocities)
    for (std::int64_t position = 0; position < count; ++position) {
      Array<TypeParam> v(count, 1);
      v.set(position, bad.u);
      Integers V(count);
      EXPECT_EQ(lattice_start(v.data(), V.data(), quantum, count), bad.flags) << bad.what << " at " << position;
    }
}

}  // namespace
}  // namespace neuralode::kernels::testing
