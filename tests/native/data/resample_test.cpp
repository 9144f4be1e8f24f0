#include "data/resample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/decode.h"
#include "fixtures.h"

namespace neuralode::data::testing {
namespace {

using Planes = std::vector<float>;

Planes resample(const PixelView& image, const Box& box, const Placement& placement, const Normalization& normalization = {}) {
  Planes out(3 * static_cast<std::size_t>(placement.size) * static_cast<std::size_t>(placement.size));
  Resampler().run(image, box, placement, normalization, out.data());
  return out;
}

Box whole(const Picture& picture) { return {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)}; }

/// The triangle's height over the distance `d` for a half width `reach`.
double triangle(double d, double reach) { return std::max(0.0, 1 - std::abs(d) / reach); }

/// The definition, pixel by pixel over the whole image, in double and not separated. Result in [0, 1].
double by_definition(const Picture& picture, const Box& box, int size, int x, int y, int channel) {
  const double step_x = box.width / size;
  const double step_y = box.height / size;
  double sum = 0;
  double weights = 0;
  for (int v = 0; v < picture.height; ++v) {
    for (int u = 0; u < picture.width; ++u) {
      const double weight = triangle(u + 0.5 - (box.x + (x + 0.5) * step_x), std::max(1.0, step_x)) *
                            triangle(v + 0.5 - (box.y + (y + 0.5) * step_y), std::max(1.0, step_y));
      sum += weight * picture.bytes[static_cast<std::size_t>((v * picture.width + u) * 3 + channel)];
      weights += weight;
    }
  }
  return sum / weights / 255;
}

struct Case {
  const char* name;
  Box box;
  int size;
};

class ResampleAgainstDefinition : public ::testing::TestWithParam<Case> {};

TEST_P(ResampleAgainstDefinition, Agrees) {
  const Picture picture = waves(53, 41, 2);
  const Planes out = resample(picture.view(), GetParam().box, {GetParam().size});
  const int size = GetParam().size;
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        // Float weights and sums of at most 60 terms: 60 * 2^-24, rounded up.
        ASSERT_NEAR(out[static_cast<std::size_t>((c * size + y) * size + x)], by_definition(picture, GetParam().box, size, x, y, c), 5e-6)
            << "channel " << c << ", pixel " << x << ", " << y;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Boxes, ResampleAgainstDefinition,
                         ::testing::Values(Case{"Minify", {0, 0, 53, 41}, 16}, Case{"Magnify", {10, 12, 7, 9}, 24},
                                           Case{"MinifyOneWayMagnifyTheOther", {0, 5, 50, 6}, 12},
                                           Case{"EdgesWithinPixels", {3.3, 1.7, 30.25, 33.5}, 20}, Case{"ToOnePixel", {0, 0, 53, 41}, 1},
                                           Case{"FromOnePixel", {52, 40, 1, 1}, 8}),
                         [](const auto& info) { return info.param.name; });

TEST(Resample, SameSizeCopiesEveryByte) {
  const Picture picture = waves(32, 32);
  const Planes out = resample(picture.view(), whole(picture), {32}, {{1, 1, 1}, {0, 0, 0}});
  for (std::size_t i = 0; i < 32 * 32; ++i) {
    for (std::size_t c = 0; c < 3; ++c) ASSERT_EQ(out[c * 32 * 32 + i], picture.bytes[i * 3 + c]);
  }
}

TEST(Resample, FlipMirrorsLeftToRight) {
  const Picture picture = waves(50, 40);
  const Planes straight = resample(picture.view(), whole(picture), {20});
  const Planes flipped = resample(picture.view(), whole(picture), {20, 0, 0, true});
  for (std::size_t i = 0; i < straight.size(); ++i) ASSERT_EQ(flipped[i], straight[i - i % 20 + 19 - i % 20]);
}

TEST(Resample, ShiftMovesAndPadsWithBlack) {
  const Picture picture = waves(16, 16);
  const Normalization normalization{{1, 1, 1}, {-5, -6, -7}};
  const Planes straight = resample(picture.view(), whole(picture), {16}, normalization);
  const Planes shifted = resample(picture.view(), whole(picture), {16, 2, -3, false}, normalization);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 16; ++x) {
        const bool is_inside = x + 2 < 16 && y - 3 >= 0;
        const float expected =
            is_inside ? straight[static_cast<std::size_t>((c * 16 + y - 3) * 16 + x + 2)] : -5.0F - static_cast<float>(c);
        ASSERT_EQ(shifted[static_cast<std::size_t>((c * 16 + y) * 16 + x)], expected);
      }
    }
  }
}

TEST(Resample, MinifyingAveragesWhatAliasingWouldKeep) {
  Picture checks = plain(64, 64, {0, 0, 0});
  for (std::size_t i = 0; i < 64 * 64; ++i)
    std::fill_n(checks.bytes.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, (i % 64 + i / 64) % 2 ? 255 : 0);
  for (const float value : resample(checks.view(), whole(checks), {16})) EXPECT_NEAR(value, 0.5, 0.01);
}

TEST(Resample, ScaledDecodingIsCloseToFullDecoding) {
  const Picture picture = waves(640, 480);
  TemporaryFolder folder;
  write_file(folder / "a.jpg", jpeg_file(picture, 95, 420));
  ImageDecoder decoder;
  const auto crop = [&](double least_scale, double expected_scale) {
    decoder.open((folder / "a.jpg").c_str());
    double scale = 0;
    const PixelView pixels = decoder.decode(least_scale, scale);
    EXPECT_EQ(scale, expected_scale);
    return resample(pixels, {101 * scale, 53 * scale, 400 * scale, 320 * scale}, {40});
  };
  const Planes full = crop(1, 1);
  for (const double scale : {0.125, 0.25, 0.375, 0.5}) {
    const Planes scaled = crop(scale, scale);
    // Two waves of amplitude 60/255 and k = 2 pi / wavelength = 1/9 at most. Averaging over 1 / scale pixels lowers each by
    // k^2 / scale^2 / 24 of it, and linear interpolation between such averages by twice that; JPEG adds 1.5 / 255. A box misplaced
    // by one pixel of the original would differ by 60 / 255 / 9 = 0.026 at every scale.
    const double tolerance = 1.5 / 255 + 3 * 2 * (60.0 / 255) / (9 * 9 * 24) / (scale * scale);
    for (std::size_t i = 0; i < full.size(); ++i) ASSERT_NEAR(scaled[i], full[i], tolerance) << "scale " << scale << ", value " << i;
  }
}

}  // namespace
}  // namespace neuralode::data::testing
