// The half types as memory holds them, against libtorch's.
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "kernels/scalar.h"

namespace neuralode::kernels::testing {
namespace {

template <class Scalar = BFloat16>
float rounded(float value) {
  Scalar result;
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

TEST(Float16Storage, EveryNumberIsReadAsLibtorchReadsIt) {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const auto mine = load(Float16{static_cast<std::uint16_t>(bits)});
    const float theirs = c10::Half(static_cast<unsigned short>(bits), c10::Half::from_bits());
    if (std::isnan(theirs)) {
      EXPECT_TRUE(std::isnan(mine)) << std::hex << bits;
      continue;
    }
    EXPECT_EQ(bits_of(mine), bits_of(theirs)) << std::hex << bits;
    EXPECT_EQ(bits_of(rounded<Float16>(mine)), bits_of(mine)) << std::hex << bits;
  }
}

TEST(Float16Storage, RoundsAsLibtorchDoesOnAllKindsOfNumbers) {
  const auto check = [](std::uint32_t bits) {
    const float value = float_of(bits);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(rounded<Float16>(value))) << std::hex << bits;
      return;
    }
    EXPECT_EQ(bits_of(rounded<Float16>(value)), bits_of(float(c10::Half(value)))) << std::hex << bits;
  };
  std::minstd_rand next(7);
  for (int i = 0; i < 200000; ++i) check(static_cast<std::uint32_t>(next()) * 2654435761u);
  for (std::uint32_t exponent = 0x60; exponent < 0x98; ++exponent)  // around every tie between two neighbours
    for (std::uint32_t top = 0; top < 0x800; ++top)
      for (const std::uint32_t rest : {0x0u, 0x1u, 0x7ffu, 0x800u, 0x801u, 0xfffu}) check((exponent << 23) | (top << 12) | rest);
}

}  // namespace
}  // namespace neuralode::kernels::testing
