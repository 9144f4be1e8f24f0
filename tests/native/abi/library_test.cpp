// neuralode/status.h, named collections and what concerns the library as a whole.
#include <regex>
#include <thread>

#include "../support/temporary_folder.h"
#include "objects.h"

namespace neuralode::abi {
namespace {

using ::testing::HasSubstr;

TEST(LibraryAbi, TellsItsVersionAndWhatItWasBuiltWith) {
  EXPECT_EQ(neuralode_abi_version(), NEURALODE_ABI_VERSION);
  const char* json = nullptr;
  ASSERT_OK(neuralode_build_info(&json));
  for (const char* key : {"version", "abi", "libtorch", "cxx11_abi", "cuda", "mkldnn", "openmp", "lapack", "libtorch_configuration"})
    EXPECT_THAT(json, HasSubstr("\"" + std::string(key) + "\":"));
}

TEST(LibraryAbi, StructsAreLaidOutAsThisCompilerSeesThem) {
  const char* json = nullptr;
  ASSERT_OK(neuralode_struct_layouts(&json));
  const auto size_of = [&](const std::string& name) {
    std::cmatch match;
    return std::regex_search(json, match, std::regex("\"" + name + R"(":\{"size":(\d+))")) ? std::stoul(match[1]) : 0;
  };
  EXPECT_EQ(size_of("neuralode_tensor_info"), sizeof(neuralode_tensor_info));
  EXPECT_EQ(size_of("neuralode_value"), sizeof(neuralode_value));
  EXPECT_EQ(size_of("neuralode_solve_options"), sizeof(neuralode_solve_options));
  EXPECT_EQ(size_of("neuralode_statistics"), sizeof(neuralode_statistics));
  EXPECT_EQ(size_of("neuralode_model_options"), sizeof(neuralode_model_options));
  EXPECT_EQ(size_of("neuralode_optimizer_options"), sizeof(neuralode_optimizer_options));
  EXPECT_EQ(size_of("neuralode_schedule_options"), sizeof(neuralode_schedule_options));
  EXPECT_EQ(size_of("neuralode_loader_options"), sizeof(neuralode_loader_options));
  EXPECT_EQ(size_of("neuralode_loader_statistics"), sizeof(neuralode_loader_statistics));
  EXPECT_EQ(size_of("neuralode_synthetic_options"), sizeof(neuralode_synthetic_options));
}

TEST(LibraryAbi, EachThreadHasItsOwnErrorText) {
  text_with(NEURALODE_INVALID_ARGUMENT, neuralode_threads_set(0));
  std::thread([] {
    EXPECT_STREQ(neuralode_last_error(), "");
    EXPECT_OK(neuralode_set_last_error("another"));
    EXPECT_STREQ(neuralode_last_error(), "another");
  }).join();
  EXPECT_THAT(neuralode_last_error(), HasSubstr("threads: 0"));
  EXPECT_OK(neuralode_set_last_error(nullptr));
  EXPECT_STREQ(neuralode_last_error(), "");
}

TEST(LibraryAbi, SeedsAndThreadsAreLibtorchs) {
  const auto drawn = [] {
    EXPECT_OK(neuralode_manual_seed(42));
    return values_of(operation("aten::rand_like", "", {vector_of({0, 0, 0}).get()}).get());
  };
  EXPECT_EQ(drawn(), drawn());
  int32_t before = 0, threads = 0;
  ASSERT_OK(neuralode_threads_get(&before));
  ASSERT_OK(neuralode_threads_set(1));
  ASSERT_OK(neuralode_threads_get(&threads));
  EXPECT_EQ(threads, 1);
  ASSERT_OK(neuralode_threads_set(before));
}

TEST(TensorMapAbi, KeepsTheOrderReplacesByNameAndSharesTensors) {
  TensorMap map;
  ASSERT_OK(neuralode_tensor_map_create(map.out()));
  const auto a = vector_of({1}), b = vector_of({2}), c = vector_of({3});
  ASSERT_OK(neuralode_tensor_map_set(map.get(), "b", b.get()));
  ASSERT_OK(neuralode_tensor_map_set(map.get(), "a", a.get()));
  ASSERT_OK(neuralode_tensor_map_set(map.get(), "b", c.get()));
  int64_t count = 0;
  ASSERT_OK(neuralode_tensor_map_count(map.get(), &count));
  EXPECT_EQ(count, 2);
  const char* name = nullptr;
  ASSERT_OK(neuralode_tensor_map_name(map.get(), 0, &name));
  EXPECT_STREQ(name, "b");
  Tensor shared;
  ASSERT_OK(neuralode_tensor_map_get(map.get(), 0, shared.out()));
  const double changed = 9;
  ASSERT_OK(neuralode_tensor_write(shared.get(), &changed, 8));
  EXPECT_EQ(values_of(c.get()), std::vector<double>{9});
  for (const int64_t index : {int64_t{-1}, int64_t{2}, INT64_MAX})
    EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_map_name(map.get(), index, &name)),
                HasSubstr("index: " + std::to_string(index)));
}

TEST(TensorMapAbi, GoesThroughAFile) {
  const testing::TemporaryFolder folder;
  TensorMap map, loaded;
  ASSERT_OK(neuralode_tensor_map_create(map.out()));
  ASSERT_OK(neuralode_tensor_map_set(map.get(), "z", vector_of({1, 2}).get()));
  ASSERT_OK(neuralode_safetensors_save((folder / "file").c_str(), map.get()));
  ASSERT_OK(neuralode_safetensors_load((folder / "file").c_str(), loaded.out()));
  Tensor z;
  ASSERT_OK(neuralode_tensor_map_get(loaded.get(), 0, z.out()));
  EXPECT_EQ(values_of(z.get()), (std::vector<double>{1, 2}));
  neuralode_tensor_map none = nullptr;
  EXPECT_THAT(text_with(NEURALODE_IO_ERROR, neuralode_safetensors_load((folder / "none").c_str(), &none)), HasSubstr("none"));
  EXPECT_EQ(none, nullptr);
}

TEST(MemoryAbi, CountsBytesFromWhereItIsEnabled) {
  int64_t live = -1, peak = -1;
  ASSERT_OK(neuralode_memory_tracking_enable());
  ASSERT_OK(neuralode_synchronize());
  ASSERT_OK(neuralode_memory_reset_peak());
  int64_t before = 0;
  ASSERT_OK(neuralode_memory_get(&before, &peak));
  const auto tensor = vector_of(std::vector<double>(1000));
  ASSERT_OK(neuralode_memory_get(&live, &peak));
  EXPECT_EQ(live - before, 8000);
  EXPECT_GE(peak, live);
}

TEST(LiveObjects, ReturnToWhatTheyWere) {
  const auto before = live_objects();
  {
    const auto a = vector_of({1}, true), b = vector_of({2}, true);
    const auto product = operation("aten::mul", "Tensor", {a.get(), b.get()});
    TensorMap map;
    ASSERT_OK(neuralode_tensor_map_create(map.out()));
    ASSERT_OK(neuralode_tensor_map_set(map.get(), "a", a.get()));
    ASSERT_OK(neuralode_tensor_backward(product.get(), nullptr, 0, 0));
    const auto gradient = gradient_of(a);
    EXPECT_EQ(live_objects().first, before.first + 4);
    EXPECT_EQ(live_objects().second, before.second + 1);
  }
  EXPECT_EQ(live_objects(), before);
}

}  // namespace
}  // namespace neuralode::abi
