#include "data/augment.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace neuralode::data {
namespace {

constexpr int kDraws = 4000;

View draw(ImageSize image, Augmentation augmentation, int size, std::uint64_t index, double min_scale = 0.08) {
  Random random(1, 0, index);
  return choose_view(image, augmentation, size, min_scale, random);
}

TEST(NoAugmentation, TakesTheCentreOfTheResizedImage) {
  // Short side 280 resized to 64 * 8 / 7 leaves 7/8 of it: 245.
  const View view = draw({400, 280}, Augmentation::none, 64, 0);
  EXPECT_DOUBLE_EQ(view.box.width, 245);
  EXPECT_DOUBLE_EQ(view.box.height, 245);
  EXPECT_DOUBLE_EQ(view.box.x, 77.5);
  EXPECT_DOUBLE_EQ(view.box.y, 17.5);
  EXPECT_FALSE(view.placement.flip);
  EXPECT_EQ(view.placement.size, 64);
}

TEST(NoAugmentation, LeavesAnImageOfTheRightSizeAlone) {
  const View view = draw({32, 40}, Augmentation::none, 32, 0);
  EXPECT_EQ(view.box.width, 32);
  EXPECT_EQ(view.box.height, 32);
  EXPECT_EQ(view.box.x, 0);
  EXPECT_EQ(view.box.y, 4);
}

TEST(ResizedCrop, StaysInTheImageWithTheAreaAndRatioAskedFor) {
  double sum = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const Box box = draw({500, 375}, Augmentation::resized_crop, 224, i).box;
    ASSERT_GE(box.x, 0);
    ASSERT_GE(box.y, 0);
    ASSERT_LE(box.x + box.width, 500);
    ASSERT_LE(box.y + box.height, 375);
    ASSERT_EQ(box.width, std::floor(box.width));
    // Each side is rounded by at most half a pixel of at least 100.
    ASSERT_GT(box.width / box.height, 0.75 * 0.99);
    ASSERT_LT(box.width / box.height, 4.0 / 3.0 * 1.01);
    const double share = box.width * box.height / (500 * 375);
    ASSERT_GT(share, 0.08 * 0.98);
    sum += share;
  }
  // A share a in [0.08, 1] fits with probability 1 up to 9/16 and 1 - log(a / (9/16)) / log(16/9) above: mean 0.4319, standard
  // deviation 0.2158, by quadrature. 5 standard deviations of the mean.
  EXPECT_NEAR(sum / kDraws, 0.4319, 5 * 0.2158 / std::sqrt(kDraws));
}

TEST(ResizedCrop, ReachesEveryEdgeAndFlipsHalfOfThem) {
  int flips = 0;
  std::array<bool, 4> touched{};
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const View view = draw({40, 30}, Augmentation::resized_crop, 16, i);
    flips += view.placement.flip ? 1 : 0;
    touched[0] |= view.box.x == 0;
    touched[1] |= view.box.y == 0;
    touched[2] |= view.box.x + view.box.width == 40;
    touched[3] |= view.box.y + view.box.height == 30;
  }
  EXPECT_EQ(touched, (std::array<bool, 4>{true, true, true, true}));
  EXPECT_NEAR(flips, kDraws / 2, 5 * std::sqrt(kDraws / 4.0));  // 5 standard deviations
}

TEST(ResizedCrop, TakesTheLargestCentreWhereNothingElseFits) {
  const Box wide = draw({1000, 10}, Augmentation::resized_crop, 16, 0, 1.0).box;
  EXPECT_EQ(wide.height, 10);
  EXPECT_EQ(wide.width, 13);  // 10 * 4 / 3
  EXPECT_EQ(wide.x, 493);
  const Box tall = draw({9, 900}, Augmentation::resized_crop, 16, 0, 1.0).box;
  EXPECT_EQ(tall.width, 9);
  EXPECT_EQ(tall.height, 12);  // 9 * 4 / 3
  EXPECT_EQ(tall.y, 444);
  const Box pixel = draw({1, 1}, Augmentation::resized_crop, 16, 0).box;
  EXPECT_EQ(pixel.width, 1);
  EXPECT_EQ(pixel.height, 1);
}

TEST(PaddedCrop, ShiftsUniformlyByAnEighthEitherWay) {
  std::array<int, 9> across{};
  std::array<int, 9> down{};
  int flips = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const View view = draw({32, 32}, Augmentation::padded_crop, 32, i);
    ASSERT_EQ(view.box.width, 32);
    ASSERT_LE(std::abs(view.placement.shift_x), 4);
    ASSERT_LE(std::abs(view.placement.shift_y), 4);
    ++across[static_cast<std::size_t>(view.placement.shift_x + 4)];
    ++down[static_cast<std::size_t>(view.placement.shift_y + 4)];
    flips += view.placement.flip ? 1 : 0;
  }
  const double deviation = std::sqrt(kDraws / 9.0 * 8.0 / 9.0);
  for (const int count : across) EXPECT_NEAR(count, kDraws / 9.0, 5 * deviation);
  for (const int count : down) EXPECT_NEAR(count, kDraws / 9.0, 5 * deviation);
  EXPECT_NEAR(flips, kDraws / 2, 5 * std::sqrt(kDraws / 4.0));
}

TEST(PaddedCrop, TakesTheCentreSquareOfOtherShapes) {
  const Box box = draw({60, 40}, Augmentation::padded_crop, 32, 0).box;
  EXPECT_EQ(box.x, 10);
  EXPECT_EQ(box.y, 0);
  EXPECT_EQ(box.width, 40);
  EXPECT_EQ(box.height, 40);
}

}  // namespace
}  // namespace neuralode::data
