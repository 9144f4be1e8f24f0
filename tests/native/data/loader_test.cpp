#include "data/loader.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fixtures.h"
#include "neuralode/status.h"

namespace neuralode::data::testing {
namespace {

using ::testing::StartsWith;

/// Three classes of seven pictures: 21 images, six batches of four, the last of one.
class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    write_image_folder(root_, 3, 7);
    options_.sample.augmentation = Augmentation::resized_crop;
    options_.sample.image_size = 16;
    options_.batch_size = 4;
    options_.shuffle = true;
    options_.seed = 5;
  }

  std::shared_ptr<const ImageFolder> folder() const { return std::make_shared<ImageFolder>(root_.path(), "train"); }

  static std::vector<Batch> rest_of(Loader& loader) {
    std::vector<Batch> batches;
    for (Batch batch; loader.next(batch);) batches.push_back(batch);
    return batches;
  }

  std::vector<Batch> epoch(std::int64_t number, std::int64_t first_batch = 0) const {
    Loader loader(folder(), options_);
    loader.start(number, first_batch);
    return rest_of(loader);
  }

  static void expect_same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_TRUE(at::equal(a[i].images, b[i].images)) << "images of batch " << i;
      EXPECT_TRUE(at::equal(a[i].labels, b[i].labels)) << "labels of batch " << i;
    }
  }

  void break_file(const std::string& name, std::size_t kept) const {
    Bytes bytes = read_file(root_ / name);
    bytes.resize(kept);
    write_file(root_ / name, bytes);
  }

  TemporaryFolder root_;
  LoaderOptions options_;
};

TEST_F(LoaderTest, BatchesHaveTheShapesAndTypesPromised) {
  const std::vector<Batch> batches = epoch(0);
  ASSERT_EQ(batches.size(), 6U);
  EXPECT_EQ(batches[0].images.sizes(), (std::vector<std::int64_t>{4, 3, 16, 16}));
  EXPECT_EQ(batches[0].images.scalar_type(), at::kFloat);
  EXPECT_TRUE(batches[0].images.is_contiguous());
  EXPECT_EQ(batches[0].labels.sizes(), (std::vector<std::int64_t>{4}));
  EXPECT_EQ(batches[0].labels.scalar_type(), at::kLong);
  EXPECT_EQ(batches[5].images.size(0), 1);
}

TEST_F(LoaderTest, BatchesAreTheSameForAnyNumberOfWorkersAndAnyPrefetch) {
  const std::vector<Batch> reference = epoch(3);
  for (const int workers : {1, 2, 3}) {
    for (const int prefetch : {1, 2, 10}) {
      options_.workers = workers;
      options_.prefetch = prefetch;
      expect_same(epoch(3), reference);
    }
  }
}

TEST_F(LoaderTest, StartingLaterGivesTheTailOfTheEpoch) {
  const std::vector<Batch> whole = epoch(2);
  for (const std::int64_t first : {0, 1, 4, 5, 6}) {
    expect_same(epoch(2, first), std::vector<Batch>(whole.begin() + first, whole.end()));
  }
}

TEST_F(LoaderTest, EpochsDifferInOrderAndInAugmentation) {
  EXPECT_FALSE(at::equal(epoch(0)[0].images, epoch(1)[0].images));
  options_.shuffle = false;
  EXPECT_FALSE(at::equal(epoch(0)[0].images, epoch(1)[0].images));
  options_.sample.augmentation = Augmentation::none;
  expect_same(epoch(0), epoch(1));
}

TEST_F(LoaderTest, AnotherSeedGivesOtherBatches) {
  const std::vector<Batch> one = epoch(0);
  options_.seed = 6;
  EXPECT_FALSE(at::equal(one[0].images, epoch(0)[0].images));
}

TEST_F(LoaderTest, AnEpochShowsEveryImageOnceWithItsLabel) {
  options_.sample.augmentation = Augmentation::none;
  SampleReader reader;
  const auto images = folder();
  std::multiset<std::pair<std::int64_t, float>> expected;
  for (std::int64_t i = 0; i < images->images(); ++i) {
    std::vector<float> sample(3 * 16 * 16);
    reader.read(images->path(i), options_.sample, Random(0), sample.data());
    expected.emplace(images->label(i), sample[100]);
  }
  std::multiset<std::pair<std::int64_t, float>> found;
  for (const Batch& batch : epoch(0)) {
    for (std::int64_t i = 0; i < batch.labels.size(0); ++i) {
      found.emplace(batch.labels[i].item<std::int64_t>(), batch.images[i].contiguous().data_ptr<float>()[100]);
    }
  }
  EXPECT_EQ(found, expected);
}

TEST_F(LoaderTest, DropLastLeavesOutTheIncompleteBatch) {
  options_.drop_last = true;
  EXPECT_EQ(Loader(folder(), options_).batches(), 5);
  EXPECT_EQ(epoch(0).size(), 5U);
  options_.batch_size = 22;
  EXPECT_THAT(text_of_error(NEURALODE_INVALID_ARGUMENT, [&] { Loader(folder(), options_); }), StartsWith("options.batch_size: 22"));
}

TEST_F(LoaderTest, StartingAgainDropsWhatWasLeft) {
  options_.workers = 3;
  Loader loader(folder(), options_);
  const std::vector<Batch> reference = epoch(1, 2);
  for (int taken = 0; taken < 6; ++taken) {
    loader.start(0, 0);
    Batch batch;
    for (int i = 0; i < taken; ++i) ASSERT_TRUE(loader.next(batch));
    loader.start(1, 2);
    expect_same(rest_of(loader), reference);
    EXPECT_FALSE(loader.next(batch));
  }
}

TEST_F(LoaderTest, MayBeDestroyedAtAnyMoment) {
  options_.workers = 3;
  for (int i = 0; i < 30; ++i) {
    Loader loader(folder(), options_);
    if (i % 3 == 0) continue;
    loader.start(0, 0);
    Batch batch;
    for (int taken = 0; taken < i % 5; ++taken) loader.next(batch);
  }
}

TEST_F(LoaderTest, BatchesOutliveTheLoader) {
  std::vector<Batch> batches = epoch(0);
  EXPECT_TRUE(batches[0].images.isfinite().all().item<bool>());
}

TEST_F(LoaderTest, MisuseIsRefused) {
  Loader loader(folder(), options_);
  Batch batch;
  EXPECT_THAT(text_of_error(NEURALODE_INVALID_ARGUMENT, [&] { loader.next(batch); }), StartsWith("the loader has not been started"));
  EXPECT_EQ(text_of_error(NEURALODE_INVALID_ARGUMENT, [&] { loader.start(-1, 0); }), "epoch: -1 is negative");
  EXPECT_EQ(text_of_error(NEURALODE_INVALID_ARGUMENT, [&] { loader.start(0, 7); }), "first_batch: 7 is not in [0, 6]");
}

TEST_F(LoaderTest, NormalizesByMeanAndStandardDeviation) {
  options_.sample.augmentation = Augmentation::none;
  options_.shuffle = false;
  const at::Tensor plain = epoch(0)[0].images;
  options_.sample.normalization = normalization_of({0.5, 0.25, 0.125}, {0.5, 0.25, 2});
  const at::Tensor normalized = epoch(0)[0].images;
  const at::Tensor mean = at::tensor({0.5F, 0.25F, 0.125F}).reshape({3, 1, 1});
  const at::Tensor std = at::tensor({0.5F, 0.25F, 2.0F}).reshape({3, 1, 1});
  EXPECT_TRUE(at::allclose(normalized, plain.sub(mean).div(std), 1e-5, 1e-6));  // a few roundings of float
}

TEST_F(LoaderTest, BrokenImagesAreSkippedCountedAndNamedInOrder) {
  options_.shuffle = false;
  const std::vector<Batch> whole = epoch(0);
  break_file("train/a/1.jpg", 300);
  break_file("train/a/2.jpg", 0);
  break_file("train/c/6.jpg", 500);  // the only one of the last batch
  for (const int workers : {1, 3}) {
    options_.workers = workers;
    Loader loader(folder(), options_);
    loader.start(0, 0);
    const std::vector<Batch> batches = rest_of(loader);
    ASSERT_EQ(batches.size(), 5U);
    EXPECT_TRUE(at::equal(batches[0].images, whole[0].images.index_select(0, at::tensor({0, 3}, at::kLong))));
    EXPECT_TRUE(at::equal(batches[1].images, whole[1].images));
    EXPECT_EQ(loader.statistics().images, 18);
    EXPECT_EQ(loader.statistics().broken, 3);
    EXPECT_GE(loader.statistics().seconds_waiting, 0);
    ASSERT_EQ(loader.broken().size(), 3U);
    EXPECT_THAT(loader.broken()[0], StartsWith((root_ / "train/a/1.jpg") + ": is a broken JPEG file: "));
    EXPECT_EQ(loader.broken()[1], (root_ / "train/a/2.jpg") + ": is empty");
    EXPECT_THAT(loader.broken()[2], StartsWith((root_ / "train/c/6.jpg") + ": is a broken JPEG file: "));
  }
}

TEST_F(LoaderTest, PositionCountsBatchesThatWerePassedOver) {
  options_.shuffle = false;
  for (const char* name : {"4", "5", "6"}) break_file(std::string("train/a/") + name + ".jpg", 0);  // with b/0 the second batch
  break_file("train/b/0.jpg", 0);
  const std::vector<Batch> rest = epoch(0, 2);
  Loader loader(folder(), options_);
  loader.start(0, 0);
  EXPECT_EQ(loader.position(), 0);
  Batch batch;
  ASSERT_TRUE(loader.next(batch));
  EXPECT_EQ(loader.position(), 1);
  ASSERT_TRUE(loader.next(batch));
  EXPECT_EQ(loader.position(), 3);
  EXPECT_TRUE(at::equal(batch.images, rest[0].images));
}

TEST_F(LoaderTest, ABrokenImageEndsTheEpochWhenAskedTo) {
  options_.shuffle = false;
  options_.fail_on_error = true;
  break_file("train/a/5.jpg", 0);
  Loader loader(folder(), options_);
  loader.start(0, 0);
  Batch batch;
  EXPECT_TRUE(loader.next(batch));
  EXPECT_EQ(text_of_error(NEURALODE_IO_ERROR, [&] { loader.next(batch); }), (root_ / "train/a/5.jpg") + ": is empty");
  EXPECT_FALSE(loader.next(batch));
  EXPECT_EQ(loader.statistics().broken, 1);
  loader.start(0, 2);
  EXPECT_TRUE(loader.next(batch));
}

TEST_F(LoaderTest, KeepsAThousandReasonsButCountsAll) {
  options_.shuffle = false;
  for (const char* name : {"a", "b", "c"}) {
    for (int i = 0; i < 7; ++i) break_file(std::string("train/") + name + "/" + std::to_string(i) + ".jpg", 0);
  }
  Loader loader(folder(), options_);
  Batch batch;
  for (std::int64_t number = 0; number < 50; ++number) {
    loader.start(number, 0);
    ASSERT_FALSE(loader.next(batch));
  }
  EXPECT_EQ(loader.statistics().broken, 50 * 21);
  EXPECT_EQ(loader.statistics().images, 0);
  EXPECT_EQ(loader.broken().size(), 1000U);
}

}  // namespace
}  // namespace neuralode::data::testing
