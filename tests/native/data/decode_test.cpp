#include "data/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "data/random.h"
#include "fixtures.h"
#include "neuralode/status.h"

namespace neuralode::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Decode : public ::testing::Test {
 protected:
  /// RGB bytes of `file`, which is written to disk and read back.
  Bytes decode(const Bytes& file, double least_scale = 1.0) {
    write_file(path_, file);
    size_ = decoder_.open(path_.c_str());
    view_ = decoder_.decode(least_scale, scale_);
    return Bytes(view_.rgb, view_.rgb + std::size_t{3} * static_cast<std::size_t>(view_.width * view_.height));
  }

  std::string error_of(const Bytes& file) {
    return text_of_error(NEURALODE_IO_ERROR, [&] { decode(file); });
  }

  static double mean_difference(const Bytes& a, const Bytes& b) {
    EXPECT_EQ(a.size(), b.size());
    double sum = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) sum += std::abs(int{a[i]} - int{b[i]});
    return sum / static_cast<double>(a.size());
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "image.jpg";
  ImageDecoder decoder_;
  ImageSize size_;
  PixelView view_;
  double scale_ = 0;
};

TEST_F(Decode, JpegComesBackWithinItsQuantization) {
  const Picture picture = waves(61, 37);
  EXPECT_LT(mean_difference(decode(jpeg_file(picture, 95)), picture.bytes), 2.0);  // quality 95: quantization steps of about 2 to 10
  EXPECT_EQ(size_.width, 61);
  EXPECT_EQ(size_.height, 37);
  EXPECT_EQ(scale_, 1.0);
}

TEST_F(Decode, GreyscaleJpegIsRepeatedInEveryChannel) {
  const Bytes rgb = decode(jpeg_file(plain(16, 16, {77})));
  for (const std::uint8_t value : rgb) EXPECT_NEAR(value, 77, 1);
}

TEST_F(Decode, CmykJpegIsTakenAsAdobeWritesIt) {
  // Inverted ink: cyan channel 51 (much ink), magenta 255, yellow 102, black 204 -> (51, 255, 102) * 204 / 255.
  const Bytes rgb = decode(jpeg_file(plain(16, 16, {51, 255, 102, 204})));
  for (std::size_t i = 0; i < rgb.size(); i += 3) {
    EXPECT_NEAR(rgb[i], 41, 3);
    EXPECT_NEAR(rgb[i + 1], 204, 3);
    EXPECT_NEAR(rgb[i + 2], 82, 3);
  }
}

TEST_F(Decode, ScaleIsTheCheapestThatIsNotTooSmall) {
  const Bytes file = jpeg_file(waves(97, 64));
  for (const auto& [least, expected] : std::vector<std::pair<double, double>>{
           {0.01, 0.125}, {0.125, 0.125}, {0.2, 0.25}, {0.3, 0.375}, {0.4, 0.5}, {0.5, 0.5}, {0.51, 1}, {0.9, 1}, {1, 1}}) {
    decode(file, least);
    EXPECT_EQ(scale_, expected) << "least scale " << least;
    EXPECT_EQ(view_.width, static_cast<int>(std::ceil(97 * expected)));
    EXPECT_EQ(view_.height, static_cast<int>(std::ceil(64 * expected)));
  }
}

TEST_F(Decode, HarmlessExtraBytesAreNoError) {
  Bytes file = jpeg_file(waves(32, 32));
  const Bytes expected = decode(file);
  file.insert(file.end() - 2, 4, 0x11);  // before the end marker
  EXPECT_EQ(decode(file), expected);
}

TEST_F(Decode, PngChannelsAndDepthsBecomeRgb) {
  EXPECT_EQ(decode(png_file(2, 1, PNG_COLOR_TYPE_RGB, 8, {1, 2, 3, 4, 5, 6})), (Bytes{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(decode(png_file(2, 1, PNG_COLOR_TYPE_GRAY, 8, {9, 200})), (Bytes{9, 9, 9, 200, 200, 200}));
  EXPECT_EQ(decode(png_file(2, 1, PNG_COLOR_TYPE_GRAY, 1, {0x40})), (Bytes{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(decode(png_file(4, 1, PNG_COLOR_TYPE_PALETTE, 2, {0x1B})), (Bytes{0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255}));
  // 16 bits: 0x8000 * 255 / 65535 = 127.5, 0xFFFF = 255.
  EXPECT_EQ(decode(png_file(1, 1, PNG_COLOR_TYPE_RGB, 16, {0x80, 0x80, 0xFF, 0xFF, 0, 0})), (Bytes{128, 255, 0}));
}

TEST_F(Decode, TransparentPngLiesOverWhite) {
  EXPECT_EQ(decode(png_file(3, 1, PNG_COLOR_TYPE_RGBA, 8, {10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 51})),
            (Bytes{10, 20, 30, 255, 255, 255, 204, 204, 204}));
  EXPECT_EQ(decode(png_file(1, 1, PNG_COLOR_TYPE_GRAY_ALPHA, 8, {100, 255})), (Bytes{100, 100, 100}));
}

TEST_F(Decode, InterlacedPngIsWhole) {
  const Picture picture = waves(19, 23);
  EXPECT_EQ(decode(png_file(19, 23, PNG_COLOR_TYPE_RGB, 8, picture.bytes, true)), picture.bytes);
}

TEST_F(Decode, FormatIsToldByContentNotByName) {
  path_ = folder_ / "really_a_png.jpg";
  EXPECT_EQ(decode(png_file(1, 1, PNG_COLOR_TYPE_RGB, 8, {7, 8, 9})), (Bytes{7, 8, 9}));
}

TEST_F(Decode, OneDecoderReadsManyKindsInARow) {
  const Picture large = waves(300, 200);
  EXPECT_LT(mean_difference(decode(jpeg_file(large)), large.bytes), 2.0);
  error_of({1, 2, 3});
  const Picture small = waves(9, 9);
  EXPECT_EQ(decode(png_file(9, 9, PNG_COLOR_TYPE_RGB, 8, small.bytes)), small.bytes);
  decode(jpeg_file(plain(8, 8, {51, 255, 102, 204})));
  EXPECT_LT(mean_difference(decode(jpeg_file(large)), large.bytes), 2.0);
}

TEST_F(Decode, ABrokenFileLeavesNoTraceInTheNext) {
  const Bytes good = jpeg_file(waves(40, 32, 1));
  const Bytes broken = jpeg_file(waves(40, 32, 2));
  const Bytes expected = decode(good);
  // libjpeg-turbo's handle is left with half a table by a cut between bytes 150 and 620 or so.
  for (std::ptrdiff_t kept = 3; kept < 700; kept += 7) {
    error_of(Bytes(broken.begin(), broken.begin() + kept));
    ASSERT_EQ(decode(good), expected) << "after a file of " << kept << " bytes";
  }
}

TEST_F(Decode, FilesLargerThanTheFirstBufferAreWhole) {
  const Picture picture = waves(900, 700);
  Bytes file = jpeg_file(picture, 100);
  ASSERT_GT(file.size(), std::size_t{128} << 10);
  EXPECT_LT(mean_difference(decode(file), picture.bytes), 2.0);
}

TEST_F(Decode, ErrorsNameThePathAndTheReason) {
  EXPECT_EQ(error_of({}), path_ + ": is empty");
  EXPECT_EQ(error_of({'h', 'e', 'l', 'l', 'o', ' ', 'y', 'o', 'u'}), path_ + ": is neither a JPEG nor a PNG file");
  EXPECT_THAT(error_of({0xFF, 0xD8, 0xFF}), StartsWith(path_ + ": is a broken JPEG file: "));
  EXPECT_EQ(text_of_error(NEURALODE_IO_ERROR, [&] { decoder_.open((folder_ / "none.jpg").c_str()); }),
            (folder_ / "none.jpg") + ": cannot be opened: No such file or directory");
  EXPECT_THAT(text_of_error(NEURALODE_IO_ERROR, [&] { decoder_.open(folder_.path().c_str()); }),
              StartsWith(folder_.path() + ": cannot be "));
}

TEST_F(Decode, AJpegCutAnywhereIsBroken) {
  const Bytes whole = jpeg_file(waves(64, 64), 90, 420);
  for (const std::size_t kept : {std::size_t{4}, std::size_t{100}, whole.size() / 2, whole.size() - 20, whole.size() - 2}) {
    EXPECT_THAT(error_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept))),
                StartsWith(path_ + ": is a broken JPEG file: "))
        << kept << " of " << whole.size() << " bytes";
  }
}

TEST_F(Decode, APngCutAnywhereIsBroken) {
  const Bytes whole = png_file(64, 64, PNG_COLOR_TYPE_RGB, 8, waves(64, 64).bytes);
  for (const std::size_t kept : {std::size_t{8}, std::size_t{30}, whole.size() / 2, whole.size() - 14, whole.size() - 1}) {
    EXPECT_THAT(error_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept))),
                StartsWith(path_ + ": is a broken PNG file: "))
        << kept << " of " << whole.size() << " bytes";
  }
}

TEST_F(Decode, APngWithAFlippedBitIsBroken) {
  Bytes file = png_file(64, 64, PNG_COLOR_TYPE_RGB, 8, waves(64, 64).bytes);
  file[file.size() / 2] ^= 0x10;
  EXPECT_THAT(error_of(file), StartsWith(path_ + ": is a broken PNG file: "));
}

TEST_F(Decode, HostileSizesAreRefusedBeforeAnythingIsAllocated) {
  Bytes png = png_file(4, 4, PNG_COLOR_TYPE_GRAY, 8, Bytes(16));
  for (std::size_t i = 16; i < 24; ++i) png[i] = i % 4 == 0 ? 0x7F : 0xFF;  // 2147483647 x 2147483647
  EXPECT_THAT(error_of(png), AllOf(HasSubstr("2147483647 x 2147483647 pixels"), EndsWith("make it smaller or remove it")));
  for (std::size_t i = 16; i < 24; ++i) png[i] = 0;
  EXPECT_THAT(error_of(png), HasSubstr("its header says 0 x 0 pixels"));

  Bytes jpeg = jpeg_file(waves(16, 16));
  const Bytes start_of_frame{0xFF, 0xC0};
  auto frame = std::search(jpeg.begin(), jpeg.end(), start_of_frame.begin(), start_of_frame.end());
  ASSERT_NE(frame, jpeg.end());
  std::fill(frame + 5, frame + 9, std::uint8_t{0xFD});  // 65021 x 65021
  EXPECT_THAT(error_of(jpeg), HasSubstr("65021 x 65021 pixels"));
}

TEST_F(Decode, RandomDamageNeverCrashes) {
  const std::vector<Bytes> files{jpeg_file(waves(48, 40), 80, 420), jpeg_file(plain(24, 24, {1, 2, 3, 4})),
                                 png_file(32, 32, PNG_COLOR_TYPE_RGB, 8, waves(32, 32).bytes)};
  Random random(3);
  int failures = 0;
  for (int i = 0; i < 600; ++i) {
    Bytes file = files[random.below(files.size())];
    for (int hit = 0; hit < 4; ++hit) file[random.below(file.size())] = static_cast<std::uint8_t>(random.bits());
    try {
      decode(file, random.uniform(0.1, 1));
    } catch (const Error&) {
      ++failures;
    }
  }
  EXPECT_GT(failures, 0);
}

}  // namespace
}  // namespace neuralode::data::testing
