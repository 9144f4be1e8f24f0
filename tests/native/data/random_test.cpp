#include "data/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

namespace neuralode::data {
namespace {

TEST(Random, ValuesAreFixedForever) {
  // Computed from the definition in another language; other values would silently change every run that is resumed.
  Random random(1, 2, 3);
  Random again(1, 2, 3);
  const std::array<std::uint64_t, 2> values{random.bits(), random.bits()};
  EXPECT_EQ(values[0], again.bits());
  EXPECT_EQ(values[1], again.bits());
  EXPECT_EQ(values[0], 0xD013DDBB4EF2253FU);
  EXPECT_EQ(values[1], 0xE6A7A926C3E132D1U);
}

TEST(Random, EveryPartOfTheKeyCounts) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint64_t epoch = 0; epoch < 10; ++epoch) {
      for (std::uint64_t image = 0; image < 10; ++image) firsts.insert(Random(seed, epoch, image).bits());
    }
  }
  EXPECT_EQ(firsts.size(), 1000U);
}

TEST(Random, BelowIsUniform) {
  Random random(5);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  // Binomial: standard deviation sqrt(70000 * 1/7 * 6/7) = 93; 5 of them.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 465);
}

TEST(Random, UniformStaysInItsRangeAndHasItsMean) {
  Random random(6);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = random.uniform(2, 4);
    ASSERT_GE(value, 2);
    ASSERT_LT(value, 4);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 3, 0.03);  // standard deviation of the mean: 2 / sqrt(12 * 10000) = 0.0058; 5 of them
}

TEST(Shuffle, IsAPermutationGivenByTheKey) {
  const auto shuffled = [](std::uint64_t epoch) {
    std::vector<int> values(100);
    std::iota(values.begin(), values.end(), 0);
    Random random(9, epoch);
    shuffle(values, random);
    return values;
  };
  EXPECT_EQ(shuffled(0), shuffled(0));
  EXPECT_NE(shuffled(0), shuffled(1));
  std::vector<int> sorted = shuffled(0);
  EXPECT_FALSE(std::is_sorted(sorted.begin(), sorted.end()));
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(sorted[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace neuralode::data
