// Real photographs, where they are: NEURALODE_DATA names a folder with cifar10/{train,test} and imagenet/train unpacked.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "data/loader.h"

namespace neuralode::data {
namespace {

/// $NEURALODE_DATA/`name`, or "" where there is no such folder.
std::string folder_named(const std::string& name) {
  const char* root = std::getenv("NEURALODE_DATA");
  const std::string path = root == nullptr ? "" : std::string(root) + "/" + name;
  return std::filesystem::is_directory(path) ? path : "";
}

TEST(RealData, EveryImageNetSampleDecodesAndIsNormalized) {
  if (folder_named("imagenet").empty())
    GTEST_SKIP() << "no photographs: let NEURALODE_DATA name a folder with imagenet/train/<wnid>/*.JPEG";
  const auto images = std::make_shared<ImageFolder>(folder_named("imagenet"), "train");
  LoaderOptions options;
  options.sample.augmentation = Augmentation::resized_crop;
  options.sample.normalization = normalization_of({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
  options.batch_size = 64;
  options.workers = 2;
  Loader loader(images, options);
  loader.start(0, 0);
  std::int64_t seen = 0;
  for (Batch batch; loader.next(batch); seen += batch.images.size(0)) {
    EXPECT_LT(batch.images.mean().abs().item<double>(), 0.5);  // photographs average near ImageNet's mean
    EXPECT_NEAR(batch.images.std().item<double>(), 1.0, 0.3);
  }
  EXPECT_EQ(loader.statistics().broken, 0) << loader.broken().front();
  EXPECT_EQ(seen, images->images());
}

TEST(RealData, CifarTestSetDecodesCompletely) {
  if (folder_named("cifar10").empty()) GTEST_SKIP() << "no photographs: let NEURALODE_DATA name a folder with cifar10/test/<class>/*.jpg";
  const auto images = std::make_shared<ImageFolder>(folder_named("cifar10"), "test");
  LoaderOptions options;
  options.sample.image_size = 32;
  Loader loader(images, options);
  loader.start(0, 0);
  std::int64_t seen = 0;
  for (Batch batch; loader.next(batch);) seen += batch.images.size(0);
  EXPECT_EQ(loader.statistics().broken, 0);
  EXPECT_EQ(images->classes(), 10);
  EXPECT_EQ(seen, 10000);
}

}  // namespace
}  // namespace neuralode::data
