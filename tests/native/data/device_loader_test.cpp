// Batches on their way to a device. What a GPU does on its stream a CPU does at once, by the same code.
#include "data/device_loader.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "fixtures.h"
#include "support/gpu.h"

namespace neuralode::data::testing {
namespace {

using neuralode::testing::has_gpu;
using neuralode::testing::needs_a_gpu;
using ::testing::HasSubstr;

/// Three classes of seven pictures: 21 images, six batches of four, the last of one.
class DeviceLoaderTest : public ::testing::Test {
 protected:
  DeviceLoaderTest() {
    write_image_folder(root_, 3, 7);
    options_.sample.augmentation = Augmentation::resized_crop;
    options_.sample.image_size = 16;
    options_.sample.normalization = normalization_of({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
    options_.batch_size = 4;
    options_.shuffle = true;
    options_.seed = 5;
    options_.workers = 2;
  }

  DeviceLoader loader(Transfer transfer, const Destination& destination = {}) const {
    return {std::make_shared<ImageFolder>(root_.path(), "train"), options_, transfer, destination};
  }

  static std::vector<Batch> epoch(DeviceLoader& loader, std::int64_t first_batch = 0) {
    std::vector<Batch> batches;
    loader.start(1, first_batch);
    for (Batch batch; loader.next(batch);) batches.push_back(batch);
    return batches;
  }

  /// Half a byte of the channel that it weighs most in, and the roundings of two float32 operations on numbers up to 255 / 57.
  double rounding_to_a_byte() const {
    const auto& scale = options_.sample.normalization.scale;
    return 0.5 * static_cast<double>(*std::max_element(scale.begin(), scale.end())) + 1e-6;
  }

  void expect_close(const std::vector<Batch>& found, const std::vector<Batch>& expected) const {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_TRUE(at::equal(found[i].labels.cpu(), expected[i].labels)) << i;
      EXPECT_LE((found[i].images.cpu() - expected[i].images).abs().max().item<double>(), rounding_to_a_byte()) << i;
    }
  }

  TemporaryFolder root_;
  LoaderOptions options_;
};

TEST_F(DeviceLoaderTest, FloatsOnTheCpuAreThoseOfTheLoader) {
  Loader plain(std::make_shared<ImageFolder>(root_.path(), "train"), options_);
  plain.start(1, 0);
  auto sent = loader(Transfer::automatic);
  const auto found = epoch(sent);
  Batch expected;
  for (const auto& batch : found) {
    ASSERT_TRUE(plain.next(expected));
    EXPECT_TRUE(at::equal(batch.images, expected.images));
    EXPECT_TRUE(at::equal(batch.labels, expected.labels));
  }
  EXPECT_FALSE(plain.next(expected));
}

TEST_F(DeviceLoaderTest, BytesAreMirroredAndNormalisedToTheFloatsButForTheirRounding) {
  for (const auto augmentation : {Augmentation::none, Augmentation::resized_crop, Augmentation::padded_crop}) {
    options_.sample.augmentation = augmentation;
    auto floats = loader(Transfer::float32), bytes = loader(Transfer::uint8);
    expect_close(epoch(bytes), epoch(floats));
  }
}

TEST_F(DeviceLoaderTest, BytesOfPicturesThatNeedNoResamplingAreExact) {
  options_.sample.augmentation = Augmentation::padded_crop;
  options_.sample.image_size = 32;  // their height: pixels are bytes already
  auto floats = loader(Transfer::float32), bytes = loader(Transfer::uint8);
  const auto expected = epoch(floats), found = epoch(bytes);
  // The weights of a window add up to 1 but for a rounding: a byte's value is off by 255 * 2^-23 at most.
  const double tolerance = 255 * 0x1p-23 / (255 * 0.224) + 1e-6;
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_LE((found[i].images - expected[i].images).abs().max().item<double>(), tolerance);
}

TEST_F(DeviceLoaderTest, ImagesAreLaidOutAsAskedFor) {
  for (const auto transfer : {Transfer::float32, Transfer::uint8}) {
    auto rows = loader(transfer), channels = loader(transfer, {at::kCPU, true});
    const auto expected = epoch(rows), found = epoch(channels);
    EXPECT_TRUE(expected[0].images.is_contiguous());
    EXPECT_TRUE(found[0].images.is_contiguous(at::MemoryFormat::ChannelsLast));
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(at::equal(found[i].images, expected[i].images));
  }
}

TEST(ImagesOfBytes, AreWhatTheFormulaSaysBitForBit) {
  const auto bytes = at::arange(2 * 3 * 2 * 3, at::kByte).view({2, 3, 2, 3});
  const auto flips = at::tensor({0, 1}).to(at::kBool);
  const Normalization normalization{{0.5F, 0.01F, 3}, {1, -2, 0.1F}};
  const auto found = images_of_bytes(bytes, flips, {normalization, at::kCPU}, false);
  for (int n = 0; n < 2; ++n)
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 2; ++y)
        for (int x = 0; x < 3; ++x) {
          const auto channel = static_cast<std::size_t>(c);
          const float pixel = bytes[n][c][y][n == 1 ? 2 - x : x].item<float>();
          const float scaled = pixel * normalization.scale[channel];
          EXPECT_EQ(found[n][c][y][x].item<float>(), scaled + normalization.bias[channel]);
        }
}

TEST_F(DeviceLoaderTest, PositionAndFiguresAreThoseOfTheBatchHandedOutThoughTheNextIsOnItsWay) {
  for (const auto transfer : {Transfer::float32, Transfer::uint8}) {
    auto source = loader(transfer);
    source.start(1, 0);
    Batch batch;
    for (std::int64_t i = 1; i <= 6; ++i) {
      ASSERT_TRUE(source.next(batch));
      EXPECT_EQ(source.position(), i);
      EXPECT_EQ(source.statistics().images, i < 6 ? 4 * i : 21);
    }
    EXPECT_FALSE(source.next(batch));
    EXPECT_FALSE(source.next(batch));
    EXPECT_EQ(source.position(), 6);
  }
}

TEST_F(DeviceLoaderTest, AnEpochGoesOnWhereItWasLeft) {
  auto source = loader(Transfer::uint8);
  const auto whole = epoch(source), rest = epoch(source, 4);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_TRUE(at::equal(rest[0].images, whole[4].images));
}

TEST_F(DeviceLoaderTest, BrokenImagesAreLeftOutOfBytesAndFlipsToo) {
  write_file(root_ / "train/a/0.jpg", "not an image");
  auto floats = loader(Transfer::float32), bytes = loader(Transfer::uint8);
  expect_close(epoch(bytes), epoch(floats));
  EXPECT_EQ(bytes.statistics().broken, floats.statistics().broken);
  EXPECT_EQ(bytes.statistics().images, floats.statistics().images);
}

TEST_F(DeviceLoaderTest, AFailureComesWithItsBatchNotWithTheOneBefore) {
  options_.shuffle = false;
  options_.fail_on_error = true;
  options_.prefetch = 8;
  ImageFolder folder(root_.path(), "train");
  write_file(folder.path(5), "not an image");  // of the second batch
  auto source = loader(Transfer::uint8);
  source.start(0, 0);
  Batch batch;
  ASSERT_TRUE(source.next(batch));
  EXPECT_THROW(source.next(batch), Error);
  EXPECT_FALSE(source.next(batch));
}

TEST_F(DeviceLoaderTest, AMoveDropsWhatWasStarted) {
  auto source = loader(Transfer::uint8);
  source.start(1, 0);
  Batch batch;
  ASSERT_TRUE(source.next(batch));
  source.to({at::kCPU, true});
  EXPECT_THROW(source.next(batch), Error);
  EXPECT_EQ(epoch(source).size(), 6U);
}

TEST_F(DeviceLoaderTest, OnTheCpuStallsAreTheTimeThatNextTakes) {
  auto source = loader(Transfer::float32);
  epoch(source);
  const auto statistics = source.statistics();
  EXPECT_GT(statistics.seconds_stalled, 0);
  EXPECT_GE(statistics.seconds_stalled, statistics.seconds_waiting);
}

TEST_F(DeviceLoaderTest, BatchesOnAGpuAreThoseOfTheCpuWhileItIsBusy) {
  if (!has_gpu()) GTEST_SKIP() << needs_a_gpu();
  auto floats = loader(Transfer::float32);
  const auto expected = epoch(floats);
  for (const auto transfer : {Transfer::float32, Transfer::automatic}) {
    auto source = loader(transfer, {at::Device(at::kCUDA, 0), true});
    std::vector<Batch> found;
    source.start(1, 0);
    for (Batch batch; source.next(batch);) {
      EXPECT_TRUE(batch.images.is_cuda());
      EXPECT_TRUE(batch.labels.is_cuda());
      EXPECT_TRUE(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
      at::Tensor busy = at::rand({2048, 2048}, batch.images.options());
      for (int i = 0; i < 20; ++i) busy = at::mm(busy, busy).clamp(-1, 1);
      found.push_back({batch.images + 0 * busy[0][0], batch.labels, {}});  // in the stream, after the work
    }
    expect_close(found, expected);
    EXPECT_GE(source.statistics().seconds_stalled, 0);
  }
}

}  // namespace
}  // namespace neuralode::data::testing
