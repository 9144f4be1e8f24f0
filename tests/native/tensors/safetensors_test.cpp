#include "tensors/safetensors.h"

#include <gtest/gtest.h>

#include "support/expect.h"
#include "support/temporary_folder.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A file: the header's length, the header, `data_bytes` zeros.
std::string file_of(const std::string& header, std::size_t data_bytes = 0) {
  std::string length;
  for (int i = 0; i < 8; ++i) length.push_back(static_cast<char>((header.size() >> (8 * i)) & 0xff));
  return length + header + std::string(data_bytes, '\0');
}

class Safetensors : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "file.safetensors"; }
  NamedTensors reloaded(const NamedTensors& tensors) const {
    save_safetensors(path(), tensors);
    return load_safetensors(path());
  }
  /// Expects an io_error that names the path; returns its text.
  std::string rejected(const std::string& bytes) const {
    write_bytes(path(), bytes);
    const auto text = error_text(Status::io_error, [&] { load_safetensors(path()); });
    EXPECT_THAT(text, HasSubstr(path()));
    return text;
  }
  std::string rejected_header(const std::string& header, std::size_t data_bytes = 8) const { return rejected(file_of(header, data_bytes)); }

  TemporaryFolder folder_;
};

TEST_F(Safetensors, RoundTripKeepsEveryDtypeShapeAndBit) {
  NamedTensors tensors;
  for (const auto dtype :
       {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    const auto values = at::arange(6).to(dtype);
    tensors.emplace_back(text_of(dtype, " matrix"), values.reshape({2, 3}));
    tensors.emplace_back(text_of(dtype, " scalar"), values[1]);
    tensors.emplace_back(text_of(dtype, " empty"), at::empty({0, 4}, dtype));
  }
  const auto loaded = reloaded(tensors);
  ASSERT_EQ(loaded.size(), tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(loaded[i].first, tensors[i].first);
    EXPECT_TRUE(identical(loaded[i].second, tensors[i].second)) << tensors[i].first;
  }
}

TEST_F(Safetensors, RoundTripKeepsSpecialNumbers) {
  const auto special = at::tensor({double(NAN), double(INFINITY), -double(INFINITY), -0.0, 5e-324}, at::kDouble);
  const auto loaded = reloaded({{"x", special}})[0].second;
  EXPECT_EQ(std::memcmp(loaded.data_ptr(), special.data_ptr(), 40), 0);
}

TEST_F(Safetensors, LayoutsAndGradientsAreLeftBehind) {
  const auto tensor = at::arange(12, at::kFloat).reshape({3, 4}).t().requires_grad_();
  const auto loaded = reloaded({{"x", tensor}})[0].second;
  EXPECT_TRUE(loaded.is_contiguous());
  EXPECT_FALSE(loaded.requires_grad());
  EXPECT_TRUE(loaded.equal(tensor));
}

TEST_F(Safetensors, NamesMayHoldAnyText) {
  const std::string name =
      "weights/\"quoted\"\n\\ \xc3\xa9 \xe2\x88\x82"
      "f";
  EXPECT_EQ(reloaded({{name, at::ones({1})}, {"", at::zeros({1})}})[0].first, name);
}

TEST_F(Safetensors, NoTensorsMakeAValidFile) { EXPECT_TRUE(reloaded({}).empty()); }

TEST_F(Safetensors, TheHeaderIsWhatTheFormatSays) {
  save_safetensors(path(), {{"z", at::ones({2}, at::kFloat)}});
  const auto bytes = bytes_of_file(path());
  EXPECT_EQ(bytes.size() % 8, 0u);
  EXPECT_THAT(bytes, HasSubstr(R"({"z":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})"));
}

TEST_F(Safetensors, MetadataAndTensorsInAnotherOrderOfBytesAreRead) {
  write_bytes(path(), file_of(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},)"
                              R"("a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}  )",
                              3));
  const auto loaded = load_safetensors(path());
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_EQ(loaded[0].first, "a");
  EXPECT_EQ(loaded[1].second.sizes(), (std::vector<std::int64_t>{2}));
}

TEST_F(Safetensors, EveryTruncationIsRefused) {
  save_safetensors(path(), {{"a", at::ones({3}, at::kFloat)}, {"b", at::ones({2}, at::kLong)}});
  const auto whole = bytes_of_file(path());
  for (std::size_t length = 0; length < whole.size(); ++length) rejected(whole.substr(0, length));
  rejected(whole + '\0');
}

TEST_F(Safetensors, AHugeHeaderLengthIsRefused) {
  for (const char byte : {'\x7f', '\xff'}) EXPECT_THAT(rejected(std::string(8, byte) + "{}"), HasSubstr("claims"));
  rejected(std::string("\x03\0\0\0\0\0\0\0", 8) + "{}");
}

TEST_F(Safetensors, AHeaderThatIsNoObjectIsRefused) {
  for (const char* header : {"", "{", "[]", "3", "null", "{\"a\":}", "\xff\xfe", "{} x", "{\"a\":1}", "{\"a\":[]}", "{\"a\":{}}"})
    rejected_header(header, 0);
  rejected_header(std::string(200000, '['), 0);
}

TEST_F(Safetensors, EntriesThatDoNotFitAreRefused) {
  const auto entry = [](const char* dtype, const char* shape, const char* offsets) {
    return std::string(R"({"a":{"dtype":)") + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  ASSERT_NO_THROW(write_bytes(path(), file_of(entry("\"F32\"", "[2]", "[0,8]"), 8)); load_safetensors(path()));
  EXPECT_THAT(rejected_header(entry("\"F8_E4M3\"", "[8]", "[0,8]")), HasSubstr("F8_E4M3"));
  for (const char* dtype : {"\"f32\"", "\"\"", "3", "null", "[]"}) rejected_header(entry(dtype, "[2]", "[0,8]"));
  for (const char* shape :
       {"[-2]", "[-1,-2]", "[3]", "[1]", "2", "\"2\"", "[\"2\"]", "[null]", "[[2]]", "[2.5]", "{\"x\":2}", "[18446744073709551615]"})
    rejected_header(entry("\"F32\"", shape, "[0,8]"));
  for (const char* offsets : {"[0,9]", "[0,7]", "[1,9]", "[8,0]", "[8,16]", "[-8,0]", "[0]", "[0,8,9]", "8", "[0,\"8\"]", "[0.5,8.5]",
                              "{\"x\":0,\"y\":8}", "[0,18446744073709551615]"})
    rejected_header(entry("\"F32\"", "[2]", offsets));
}

TEST_F(Safetensors, SizesWhoseProductOverflowsAreRefused) {
  for (const char* shape : {"[4611686018427387904,4]", "[2147483648,2147483648,4]", "[9223372036854775807]", "[9223372036854775807,0]",
                            "[0,4611686018427387904,4611686018427387904]"})
    rejected_header(std::string(R"({"a":{"dtype":"F32","shape":)") + shape + R"(,"data_offsets":[0,0]}})", 0);
}

TEST_F(Safetensors, OverlapsGapsAndLeftoversAreRefused) {
  const auto two = [](const char* first, const char* second) {
    return std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)") + first + R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" +
           second + "}}";
  };
  ASSERT_NO_THROW(write_bytes(path(), file_of(two("[0,4]", "[4,8]"), 8)); load_safetensors(path()));
  rejected_header(two("[0,4]", "[0,4]"), 4);
  rejected_header(two("[0,4]", "[2,6]"), 6);
  rejected_header(two("[0,4]", "[5,9]"), 9);
  EXPECT_THAT(rejected_header(two("[0,4]", "[4,8]"), 10), HasSubstr("2 bytes after"));
}

TEST_F(Safetensors, SavingRefusesWhatTheFormatCannotHold) {
  const auto refused = [&](const NamedTensors& tensors) {
    return error_text(Status::invalid_argument, [&] { save_safetensors(path(), tensors); });
  };
  EXPECT_THAT(refused({{"a", at::zeros({1}, at::kComplexFloat)}}), AllOf(HasSubstr("'a'"), HasSubstr("convert it first")));
  EXPECT_THAT(refused({{"a", at::ones({1})}, {"a", at::ones({1})}}), HasSubstr("twice"));
  EXPECT_THAT(refused({{"__metadata__", at::ones({1})}}), HasSubstr("__metadata__"));
  EXPECT_THAT(refused({{"\xff", at::ones({1})}}), HasSubstr("UTF-8"));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(Safetensors, AMissingFileOrFolderIsAnIoErrorWithThePath) {
  EXPECT_THAT(error_text(Status::io_error, [&] { load_safetensors(path()); }), HasSubstr(path()));
  EXPECT_THAT(error_text(Status::io_error, [&] { save_safetensors(folder_ / "no/file", {}); }), HasSubstr("no/file"));
}

TEST_F(Safetensors, AnEmptyTensorMayStandAfterTheOneThatBeginsThere) {
  write_bytes(path(),
              file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 2));
  EXPECT_EQ(load_safetensors(path()).size(), 2u);
}

TEST_F(Safetensors, ANameGivenTwiceIsRefused) {
  const std::string one = R"("a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_THAT(rejected_header('{' + one + ',' + one + '}', 0), HasSubstr("'a' is there twice"));
}

TEST_F(Safetensors, MoreDimensionsThanLibtorchsOperatorsTakeAreRefused) {
  std::string shape = "1";
  for (int i = 0; i < 64; ++i) shape += ",1";
  EXPECT_THAT(rejected_header(R"({"a":{"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[0,1]}})", 1), HasSubstr("at most 64"));
}

}  // namespace
}  // namespace neuralode::testing
