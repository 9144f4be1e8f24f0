#include "data/image_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.h"
#include "neuralode/status.h"

namespace neuralode::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ImageFolder, ListsClassesAndImagesInByteOrder) {
  TemporaryFolder root;
  for (const char* name : {"train/b/2.JPG", "train/b/10.jpeg", "train/a/x.PNG", "train/B/y.JpEg", "test/a/z.jpg"})
    write_file(root / name, "x");
  const ImageFolder folder(root.path(), "train");
  ASSERT_EQ(folder.classes(), 3);
  EXPECT_EQ(folder.class_name(0), "B");
  EXPECT_EQ(folder.class_name(1), "a");
  EXPECT_EQ(folder.class_name(2), "b");
  ASSERT_EQ(folder.images(), 4);
  const std::vector<std::pair<std::string, std::int64_t>> expected{
      {root / "train/B/y.JpEg", 0}, {root / "train/a/x.PNG", 1}, {root / "train/b/10.jpeg", 2}, {root / "train/b/2.JPG", 2}};
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(folder.path(i), expected[static_cast<std::size_t>(i)].first);
    EXPECT_EQ(folder.label(i), expected[static_cast<std::size_t>(i)].second);
  }
}

TEST(ImageFolder, PassesOverOtherFilesHiddenOnesAndFoldersNamedLikeImages) {
  TemporaryFolder root;
  for (const char* name : {"train/a/1.jpg", "train/a/._1.jpg", "train/a/notes.txt", "train/a/jpg", "train/a/folder.jpg/2.jpg",
                           "train/b/1.jpg", "train/.cache/1.jpg", "train/readme.jpg"}) {
    write_file(root / name, "x");
  }
  const ImageFolder folder(root.path(), "train");
  EXPECT_EQ(folder.classes(), 2);
  EXPECT_EQ(folder.images(), 2);
}

TEST(ImageFolder, MissingFoldersAreNamed) {
  TemporaryFolder root;
  EXPECT_THAT(text_of_error(NEURALODE_IO_ERROR, [&] { ImageFolder(root / "none", "train"); }),
              StartsWith((root / "none") + ": no such folder"));
  EXPECT_THAT(text_of_error(NEURALODE_IO_ERROR, [&] { ImageFolder(root.path(), "train"); }),
              AllOf(StartsWith((root / "train") + ": no such folder"), HasSubstr("<class>")));
}

TEST(ImageFolder, FewerThanTwoClassesAreRefused) {
  TemporaryFolder root;
  std::filesystem::create_directories(root / "train");
  EXPECT_THAT(text_of_error(NEURALODE_INVALID_ARGUMENT, [&] { ImageFolder(root.path(), "train"); }),
              StartsWith((root / "train") + ": holds no class folder"));
  write_file(root / "train/only/1.jpg", "x");
  EXPECT_THAT(text_of_error(NEURALODE_INVALID_ARGUMENT, [&] { ImageFolder(root.path(), "train"); }),
              StartsWith((root / "train") + ": holds one class folder only"));
}

TEST(ImageFolder, AnEmptyClassIsNamed) {
  TemporaryFolder root;
  write_file(root / "train/full/1.jpg", "x");
  write_file(root / "train/hollow/1.gif", "x");
  EXPECT_THAT(text_of_error(NEURALODE_INVALID_ARGUMENT, [&] { ImageFolder(root.path(), "train"); }),
              AllOf(StartsWith(root / "train/hollow"), HasSubstr("class 'hollow' has no .jpg, .jpeg or .png file")));
}

}  // namespace
}  // namespace neuralode::data::testing
