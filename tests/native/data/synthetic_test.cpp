#include "data/synthetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "data/image_folder.h"
#include "data/sample_reader.h"
#include "data/shapes.h"
#include "fixtures.h"
#include "neuralode/status.h"

namespace neuralode::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

SyntheticOptions small() {
  SyntheticOptions options;
  options.image_size = 24;
  options.train_per_class = 3;
  options.test_per_class = 2;
  options.seed = 4;
  return options;
}

TEST(Synthetic, IsAnImageFolderOfTenClassesWithoutABrokenFile) {
  TemporaryFolder folder;
  write_synthetic(folder / "new/shapes/", small());  // folders above it are made; a slash at the end is no matter
  SampleReader reader;
  SampleOptions options;
  options.image_size = 24;
  std::vector<float> sample(3 * 24 * 24);
  for (const auto& [split, per_class] : {std::pair{"train", 3}, std::pair{"test", 2}}) {
    const ImageFolder images(folder / "new/shapes", split);
    ASSERT_EQ(images.classes(), 10);
    EXPECT_EQ(images.images(), 10 * per_class);
    for (std::int64_t i = 0; i < images.classes(); ++i) EXPECT_EQ(images.class_name(i), kShapeNames[static_cast<std::size_t>(i)]);
    for (std::int64_t i = 0; i < images.images(); ++i) reader.read(images.path(i), options, Random(0), sample.data());
  }
  EXPECT_EQ(std::filesystem::exists(folder / "new/shapes.partial"), false);
}

TEST(Synthetic, FilesDependOnTheSeedAndNotOnTheThreads) {
  TemporaryFolder folder;
  SyntheticOptions options = small();
  write_synthetic(folder / "one", options);
  options.threads = 3;
  write_synthetic(folder / "three", options);
  EXPECT_EQ(files_below(folder / "one"), files_below(folder / "three"));
  options.seed = 5;
  write_synthetic(folder / "other", options);
  EXPECT_NE(files_below(folder / "one"), files_below(folder / "other"));
}

TEST(Synthetic, NoTwoImagesAreTheSame) {
  TemporaryFolder folder;
  write_synthetic(folder / "shapes", small());
  std::set<Bytes> contents;
  for (const auto& [name, bytes] : files_below(folder / "shapes")) contents.insert(bytes);
  EXPECT_EQ(contents.size(), 51U);  // 10 * (3 + 2) images and the marker
}

TEST(Synthetic, TheSameOptionsAgainChangeNothing) {
  TemporaryFolder folder;
  SyntheticOptions options = small();
  write_synthetic(folder / "shapes", options);
  const std::string image = folder / "shapes/train/ring/00000.jpg";
  const auto written = std::filesystem::last_write_time(image);
  options.threads = 2;  // not one of the options that matter
  write_synthetic(folder / "shapes", options);
  EXPECT_EQ(std::filesystem::last_write_time(image), written);
}

TEST(Synthetic, AFolderThatHoldsSomethingElseIsRefusedAndLeftAlone) {
  TemporaryFolder folder;
  write_file(folder / "mine/letter.txt", "dear");
  EXPECT_THAT(text_of_error(NEURALODE_IO_ERROR, [&] { write_synthetic(folder / "mine", small()); }),
              StartsWith((folder / "mine") + ": holds something else"));
  EXPECT_EQ(files_below(folder.path()).size(), 1U);
  EXPECT_THAT(text_of_error(NEURALODE_IO_ERROR, [&] { write_synthetic(folder / "mine/letter.txt", small()); }),
              StartsWith((folder / "mine/letter.txt") + ": holds something else"));

  write_synthetic(folder / "shapes", small());
  SyntheticOptions other = small();
  other.train_per_class = 4;
  EXPECT_THAT(text_of_error(NEURALODE_IO_ERROR, [&] { write_synthetic(folder / "shapes", other); }),
              AllOf(StartsWith((folder / "shapes") + ": holds synthetic images made with other options"), HasSubstr("train_per_class 3"),
                    HasSubstr("train_per_class 4")));
}

TEST(Synthetic, AnEmptyFolderIsFilledAndAnInterruptedCallMadeGood) {
  TemporaryFolder folder;
  write_synthetic(folder / "whole", small());
  std::filesystem::create_directories(folder / "shapes");
  // What a call that was killed leaves behind:
  write_file(folder / "shapes.partial/synthetic.txt", "neuralode synthetic images, version 1\n");
  write_file(folder / "shapes.partial/train/ring/00000.jpg", "half an im");
  write_synthetic(folder / "shapes", small());
  EXPECT_EQ(files_below(folder / "shapes"), files_below(folder / "whole"));
  EXPECT_FALSE(std::filesystem::exists(folder / "shapes.partial"));
}

TEST(Synthetic, AFolderThatOnlyLooksLikeAnInterruptedCallIsLeftAlone) {
  TemporaryFolder folder;
  write_file(folder / "shapes.partial/letter.txt", "dear");
  EXPECT_THAT(text_of_error(NEURALODE_IO_ERROR, [&] { write_synthetic(folder / "shapes", small()); }),
              StartsWith((folder / "shapes.partial") + ": holds something else"));
  EXPECT_EQ(files_below(folder.path()).size(), 1U);
}

/// Share of pixels whose brightness is nearer to the centre's than to the corner's: about the share of the picture in the shape's colour.
double covered(const std::vector<std::uint8_t>& rgb, int size) {
  const auto brightness = [&](int x, int y) {
    const std::uint8_t* pixel = rgb.data() + 3 * (y * size + x);
    return pixel[0] + pixel[1] + pixel[2];
  };
  int count = 0;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      count += std::abs(brightness(x, y) - brightness(size / 2, size / 2)) < std::abs(brightness(x, y) - brightness(0, 0)) ? 1 : 0;
    }
  }
  return static_cast<double>(count) / (size * size);
}

TEST(Shapes, ACircleCoversTheShareThatItsRadiusSays) {
  double sum = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    Random random(1, 0, i);
    sum += covered(render_shape(1, 64, random), 64);
  }
  // Radius 0.9 r, r uniform in [0.26, 0.40] of the size: mean area pi 0.81 (0.33^2 + 0.14^2 / 12) = 0.281. Specks, noise and colours
  // near the gradient's other end move single pictures, not the mean by more than a tenth.
  EXPECT_NEAR(sum / 200, 0.281, 0.04);
}

}  // namespace
}  // namespace neuralode::data::testing
