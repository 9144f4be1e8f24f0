// The C ABI of data: what the C++ tests do not see.
#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.h"
#include "neuralode/data.h"

namespace neuralode::data::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const at::Tensor& tensor(neuralode_tensor handle) { return *reinterpret_cast<const at::Tensor*>(handle); }

class DataApi : public ::testing::Test {
 protected:
  DataApi() {
    write_image_folder(root_, 2, 5);
    neuralode_loader_options_init(sizeof options_, &options_);
    options_.batch_size = 4;
    options_.image_size = 16;
  }
  ~DataApi() override {
    neuralode_loader_destroy(loader_);
    neuralode_image_folder_destroy(folder_);
  }

  void open() { ASSERT_EQ(neuralode_image_folder_open(root_.path().c_str(), "train", &folder_), NEURALODE_OK) << neuralode_last_error(); }
  neuralode_status create() { return neuralode_loader_create(folder_, &options_, &loader_); }

  void expect_refused(const char* text) {
    EXPECT_EQ(create(), NEURALODE_INVALID_ARGUMENT);
    EXPECT_THAT(neuralode_last_error(), StartsWith(text));
    EXPECT_EQ(loader_, nullptr);
    neuralode_loader_options_init(sizeof options_, &options_);
  }

  TemporaryFolder root_;
  neuralode_image_folder folder_ = nullptr;
  neuralode_loader loader_ = nullptr;
  neuralode_loader_options options_{};
};

TEST_F(DataApi, FolderTellsItsContents) {
  open();
  int64_t images = 0;
  int64_t classes = 0;
  EXPECT_EQ(neuralode_image_folder_count(folder_, &images, &classes), NEURALODE_OK);
  EXPECT_EQ(images, 10);
  EXPECT_EQ(classes, 2);
  const char* text = nullptr;
  EXPECT_EQ(neuralode_image_folder_class_name(folder_, 1, &text), NEURALODE_OK);
  EXPECT_STREQ(text, "b");
  int64_t label = -1;
  EXPECT_EQ(neuralode_image_folder_image(folder_, 9, &text, &label), NEURALODE_OK);
  EXPECT_EQ(text, root_ / "train/b/4.jpg");
  EXPECT_EQ(label, 1);
  EXPECT_EQ(neuralode_image_folder_class_name(folder_, 2, &text), NEURALODE_INVALID_ARGUMENT);
  EXPECT_STREQ(neuralode_last_error(), "index: 2 is not in [0, 2)");
  EXPECT_EQ(neuralode_image_folder_image(folder_, -1, &text, &label), NEURALODE_INVALID_ARGUMENT);
}

TEST_F(DataApi, MissingFolderIsAnIoError) {
  EXPECT_EQ(neuralode_image_folder_open((root_ / "none").c_str(), "train", &folder_), NEURALODE_IO_ERROR);
  EXPECT_THAT(neuralode_last_error(), HasSubstr("no such folder"));
  EXPECT_EQ(folder_, nullptr);
}

TEST_F(DataApi, LoaderRunsAnEpochAndOutlivesTheFolderHandle) {
  open();
  options_.augmentation = NEURALODE_AUGMENT_PADDED_CROP;
  ASSERT_EQ(create(), NEURALODE_OK) << neuralode_last_error();
  EXPECT_EQ(neuralode_image_folder_destroy(folder_), NEURALODE_OK);
  folder_ = nullptr;
  int64_t batches = 0;
  EXPECT_EQ(neuralode_loader_batches(loader_, &batches), NEURALODE_OK);
  EXPECT_EQ(batches, 3);
  ASSERT_EQ(neuralode_loader_start(loader_, 0, 1), NEURALODE_OK);
  for (const int64_t size : {4, 2}) {
    neuralode_tensor images = nullptr;
    neuralode_tensor labels = nullptr;
    ASSERT_EQ(neuralode_loader_next(loader_, &images, &labels), NEURALODE_OK) << neuralode_last_error();
    EXPECT_EQ(tensor(images).sizes(), (std::vector<int64_t>{size, 3, 16, 16}));
    EXPECT_EQ(tensor(labels).sizes(), (std::vector<int64_t>{size}));
    EXPECT_FALSE(tensor(images).requires_grad());
    neuralode_tensor_destroy(images);
    neuralode_tensor_destroy(labels);
  }
  neuralode_tensor images = reinterpret_cast<neuralode_tensor>(1);
  neuralode_tensor labels = images;
  EXPECT_EQ(neuralode_loader_next(loader_, &images, &labels), NEURALODE_OK);
  EXPECT_EQ(images, nullptr);
  EXPECT_EQ(labels, nullptr);
}

TEST_F(DataApi, BrokenImagesAreCountedAndNamed) {
  write_file(root_ / "train/a/0.jpg", "only text");
  open();
  ASSERT_EQ(create(), NEURALODE_OK);
  ASSERT_EQ(neuralode_loader_start(loader_, 0, 0), NEURALODE_OK);
  neuralode_tensor images = nullptr;
  neuralode_tensor labels = nullptr;
  ASSERT_EQ(neuralode_loader_next(loader_, &images, &labels), NEURALODE_OK);
  EXPECT_EQ(tensor(images).size(0), 3);
  neuralode_tensor_destroy(images);
  neuralode_tensor_destroy(labels);
  neuralode_loader_statistics statistics{};
  EXPECT_EQ(neuralode_loader_get_statistics(loader_, sizeof statistics, &statistics), NEURALODE_OK);
  EXPECT_EQ(statistics.images, 3);
  EXPECT_EQ(statistics.broken, 1);
  const char* text = nullptr;
  EXPECT_EQ(neuralode_loader_broken(loader_, 0, &text), NEURALODE_OK);
  EXPECT_EQ(text, (root_ / "train/a/0.jpg") + ": is neither a JPEG nor a PNG file");
  EXPECT_EQ(neuralode_loader_broken(loader_, 1, &text), NEURALODE_INVALID_ARGUMENT);
}

TEST_F(DataApi, ABrokenImageIsAnIoErrorWhenAskedTo) {
  write_file(root_ / "train/a/0.jpg", "");
  open();
  options_.fail_on_error = 1;
  ASSERT_EQ(create(), NEURALODE_OK);
  ASSERT_EQ(neuralode_loader_start(loader_, 0, 0), NEURALODE_OK);
  neuralode_tensor images = nullptr;
  neuralode_tensor labels = nullptr;
  EXPECT_EQ(neuralode_loader_next(loader_, &images, &labels), NEURALODE_IO_ERROR);
  EXPECT_EQ(neuralode_last_error(), (root_ / "train/a/0.jpg") + ": is empty");
  EXPECT_EQ(images, nullptr);
}

TEST_F(DataApi, OptionsOutOfRangeAreRefusedByName) {
  open();
  options_.augmentation = 3;
  expect_refused("options.augmentation: 3 is not in [0, 2]");
  options_.batch_size = 0;
  expect_refused("options.batch_size: 0 is not in [1, ");
  options_.batch_size = INT64_MAX;
  expect_refused("options.batch_size: ");
  options_.image_size = 0;
  expect_refused("options.image_size: 0 is not in [1, 8192]");
  options_.workers = 0;
  expect_refused("options.workers: 0 is not in [1, 1024]");
  options_.prefetch = 0;
  expect_refused("options.prefetch: 0 is below 1");
  options_.min_scale = 0;
  expect_refused("options.min_scale: 0 is not in (0, 1]");
  options_.min_scale = std::numeric_limits<double>::quiet_NaN();
  expect_refused("options.min_scale: nan");
  options_.std_green = 0;
  expect_refused("options.std: 0 is not above 0");
  options_.mean_blue = std::numeric_limits<double>::infinity();
  expect_refused("options.mean: inf");
  options_.transfer = 3;
  expect_refused("options.transfer: 3 is not in [0, 2]");
  options_.struct_size = 2;
  expect_refused("options.struct_size: 2");
}

TEST_F(DataApi, NullArgumentsAreRefusedByName) {
  EXPECT_EQ(neuralode_image_folder_open(nullptr, "train", &folder_), NEURALODE_INVALID_ARGUMENT);
  EXPECT_STREQ(neuralode_last_error(), "root is null");
  EXPECT_EQ(neuralode_image_folder_open("x", "train", nullptr), NEURALODE_INVALID_ARGUMENT);
  EXPECT_STREQ(neuralode_last_error(), "out_folder is null");
  EXPECT_EQ(create(), NEURALODE_INVALID_ARGUMENT);
  EXPECT_STREQ(neuralode_last_error(), "folder is null");
  EXPECT_EQ(neuralode_loader_start(nullptr, 0, 0), NEURALODE_INVALID_ARGUMENT);
  EXPECT_STREQ(neuralode_last_error(), "loader is null");
  EXPECT_EQ(neuralode_loader_options_init(sizeof(neuralode_loader_options), nullptr), NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(neuralode_loader_destroy(nullptr), NEURALODE_OK);
  EXPECT_EQ(neuralode_image_folder_destroy(nullptr), NEURALODE_OK);
}

TEST_F(DataApi, SyntheticImagesAreWrittenWithDefaultsAndChecked) {
  neuralode_synthetic_options options;
  ASSERT_EQ(neuralode_synthetic_options_init(sizeof options, &options), NEURALODE_OK);
  EXPECT_EQ(options.struct_size, sizeof(options));
  EXPECT_EQ(options.image_size, 32);
  EXPECT_EQ(options.train_per_class, 500);
  EXPECT_EQ(options.test_per_class, 100);
  EXPECT_EQ(options.quality, 90);
  options.train_per_class = options.test_per_class = 1;
  EXPECT_EQ(neuralode_synthetic_write((root_ / "shapes").c_str(), &options), NEURALODE_OK) << neuralode_last_error();
  EXPECT_EQ(files_below(root_ / "shapes").size(), 21U);
  EXPECT_EQ(neuralode_synthetic_write(root_.path().c_str(), &options), NEURALODE_IO_ERROR);
  options.image_size = 15;
  EXPECT_EQ(neuralode_synthetic_write((root_ / "tiny").c_str(), &options), NEURALODE_INVALID_ARGUMENT);
  EXPECT_THAT(neuralode_last_error(), StartsWith("options.image_size: 15 is not in [16, "));
}

TEST_F(DataApi, OneImageIsReadInZeroToOne) {
  write_file(root_ / "grey.jpg", jpeg_file(plain(50, 40, {51})));
  neuralode_tensor image = nullptr;
  ASSERT_EQ(neuralode_image_read((root_ / "grey.jpg").c_str(), 20, &image), NEURALODE_OK) << neuralode_last_error();
  EXPECT_TRUE(at::allclose(tensor(image), at::full({3, 20, 20}, 0.2F), 0, 1e-2));  // one step of JPEG is 1 / 255
  neuralode_tensor_destroy(image);
  EXPECT_EQ(neuralode_image_read((root_ / "none.jpg").c_str(), 20, &image), NEURALODE_IO_ERROR);
  EXPECT_EQ(neuralode_image_read((root_ / "grey.jpg").c_str(), 0, &image), NEURALODE_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace neuralode::data::testing
