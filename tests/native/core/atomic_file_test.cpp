#include "core/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/expect.h"
#include "support/temporary_folder.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

TEST(AtomicFile, ReadsBackWhatWasWrittenOverAnOlderFile) {
  const TemporaryFolder folder;
  const auto path = folder / "file";
  const std::string bytes("a\0b\n\xff", 5);
  write_atomically(path, std::string(3000000, 'x'));
  write_atomically(path, bytes);
  EXPECT_EQ(read_file(path), bytes);
  write_atomically(path, "");
  EXPECT_EQ(read_file(path), "");
  EXPECT_EQ(folder.entries(), 1u);  // no temporary file is left
}

TEST(AtomicFile, IsReadableByOthers) {
  const TemporaryFolder folder;
  write_atomically(folder / "file", "x");
  struct stat status {};
  ASSERT_EQ(::stat((folder / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

TEST(AtomicFile, AFailureNamesThePathAndLeavesNothingBehind) {
  const TemporaryFolder folder;
  const auto missing = folder / "missing/file";
  EXPECT_THAT(error_text(Status::io_error, [&] { write_atomically(missing, "x"); }), HasSubstr(missing));
  EXPECT_THAT(error_text(Status::io_error, [&] { read_file(missing); }), HasSubstr(missing));
  const auto occupied = folder / "occupied";
  std::filesystem::create_directories(occupied + "/below");
  EXPECT_THAT(error_text(Status::io_error, [&] { write_atomically(occupied, "x"); }), HasSubstr(occupied));
  EXPECT_THAT(error_text(Status::io_error, [&] { read_file(occupied); }), HasSubstr(occupied));
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(ErrorText, JoinsItsPartsAndKeepsItsStatus) {
  EXPECT_EQ(error_text(Status::unsupported, [] { fail(Status::unsupported, "eta: ", 0.5, " of ", 3); }), "eta: 0.5 of 3");
  EXPECT_EQ(error_text(Status::invalid_argument, [] { require(false, "a", 1); }), "a1");
  EXPECT_NO_THROW(require(true, "never made"));
}

}  // namespace
}  // namespace neuralode::testing
