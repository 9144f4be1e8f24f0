// neuralode/tensor.h: tensors, autograd, operators, DLPack.
#include <cmath>
#include <limits>
#include <thread>

#include "objects.h"

namespace neuralode::abi {
namespace {

using ::testing::HasSubstr;

TEST(TensorAbi, ElementsComeBackAsTheyWereGiven) {
  const float data[6] = {1, 2, 3, 4, 5, NAN};
  const int64_t sizes[2] = {2, 3};
  Tensor tensor;
  ASSERT_OK(neuralode_tensor_create(data, NEURALODE_FLOAT32, sizes, 2, tensor.out()));
  float back[6];
  ASSERT_OK(neuralode_tensor_read(tensor.get(), back, sizeof back));
  EXPECT_EQ(std::memcmp(back, data, sizeof data), 0);
  neuralode_tensor_info info{};
  ASSERT_OK(neuralode_tensor_get_info(tensor.get(), sizeof info, &info));
  EXPECT_EQ(info.dims, 2);
  EXPECT_EQ(info.count, 6);
  EXPECT_EQ(info.bytes, 24);
  EXPECT_EQ(info.dtype, NEURALODE_FLOAT32);
  EXPECT_EQ(info.is_cuda, 0);
  EXPECT_EQ(info.device_index, -1);
  EXPECT_EQ(info.is_contiguous, 1);
  EXPECT_EQ(info.requires_grad, 0);
  EXPECT_EQ(info.is_leaf, 1);
  int64_t read[2] = {};
  ASSERT_OK(neuralode_tensor_get_sizes(tensor.get(), read, 2));
  EXPECT_EQ(read[1], 3);
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_get_sizes(tensor.get(), read, 1)), HasSubstr("capacity: 1"));
}

TEST(TensorAbi, WithoutDataItIsZero) {
  const int64_t size = 3;
  Tensor tensor;
  ASSERT_OK(neuralode_tensor_create(nullptr, NEURALODE_FLOAT64, &size, 1, tensor.out()));
  EXPECT_EQ(values_of(tensor.get()), (std::vector<double>{0, 0, 0}));
}

TEST(TensorAbi, EveryDtypeCanBeMadeAndNoOther) {
  const int64_t size = 5;
  for (const int32_t dtype : {NEURALODE_UINT8, NEURALODE_INT8, NEURALODE_INT16, NEURALODE_INT32, NEURALODE_INT64, NEURALODE_FLOAT16,
                              NEURALODE_FLOAT32, NEURALODE_FLOAT64, NEURALODE_BOOL, NEURALODE_BFLOAT16}) {
    Tensor tensor;
    ASSERT_OK(neuralode_tensor_create(nullptr, dtype, &size, 1, tensor.out()));
    neuralode_tensor_info info{};
    ASSERT_OK(neuralode_tensor_get_info(tensor.get(), sizeof info, &info));
    EXPECT_EQ(info.dtype, dtype);
  }
  for (const int32_t dtype : {-1, 8, 9, 10, 12, 16, 1000}) {
    neuralode_tensor tensor = nullptr;
    EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_create(nullptr, dtype, &size, 1, &tensor)),
                HasSubstr("dtype: " + std::to_string(dtype)));
    EXPECT_EQ(tensor, nullptr);
  }
}

TEST(TensorAbi, SizesThatCannotBeAreRefusedByName) {
  neuralode_tensor out = nullptr;
  const auto text = [&](std::vector<int64_t> sizes, int64_t dims) {
    return text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_create(nullptr, NEURALODE_FLOAT32, sizes.data(), dims, &out));
  };
  EXPECT_THAT(text({-1}, 1), HasSubstr("sizes[0]: -1"));
  EXPECT_THAT(text({1}, -1), HasSubstr("dims: -1"));
  EXPECT_THAT(text(std::vector<int64_t>(65, 1), 65), HasSubstr("dims: 65"));
  EXPECT_THAT(text({INT64_MAX, 2}, 2), HasSubstr("overflow"));
  EXPECT_THAT(text({0, INT64_MAX, INT64_MAX}, 3), HasSubstr("overflow"));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_create(nullptr, NEURALODE_FLOAT32, nullptr, 1, &out)),
              HasSubstr("sizes"));
  EXPECT_EQ(out, nullptr);
}

TEST(TensorAbi, MoreMemoryThanThereIsHasItsOwnStatus) {
  const int64_t size = int64_t{1} << 46;
  neuralode_tensor out = nullptr;
  text_with(NEURALODE_OUT_OF_MEMORY, neuralode_tensor_create(nullptr, NEURALODE_FLOAT32, &size, 1, &out));
  EXPECT_EQ(out, nullptr);
}

TEST(TensorAbi, ReadingAndWritingAskForTheExactNumberOfBytes) {
  const auto tensor = vector_of({1, 2});
  double buffer[3] = {7, 8, 9};
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_read(tensor.get(), buffer, 24)), HasSubstr("bytes: 24"));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_write(tensor.get(), buffer, 8)), HasSubstr("bytes: 8"));
  ASSERT_OK(neuralode_tensor_write(tensor.get(), buffer, 16));
  EXPECT_EQ(values_of(tensor.get()), (std::vector<double>{7, 8}));
}

TEST(TensorAbi, AShareIsTheSameTensorAndOutlivesTheFirstHandle) {
  auto first = vector_of({1, 2});
  Tensor second;
  ASSERT_OK(neuralode_tensor_share(first.get(), second.out()));
  ASSERT_OK(neuralode_tensor_set_requires_grad(first.get(), 1));
  first = Tensor();
  neuralode_tensor_info info{};
  ASSERT_OK(neuralode_tensor_get_info(second.get(), sizeof info, &info));
  EXPECT_EQ(info.requires_grad, 1);
  EXPECT_EQ(values_of(second.get())[1], 2);
}

TEST(TensorAbi, ConvertsAndRefusesDevicesThatAreNot) {
  const auto tensor = vector_of({1.25, 2});
  Tensor whole, back;
  ASSERT_OK(neuralode_tensor_to(tensor.get(), "cpu", NEURALODE_INT32, whole.out()));
  ASSERT_OK(neuralode_tensor_to(whole.get(), nullptr, NEURALODE_FLOAT64, back.out()));
  EXPECT_EQ(values_of(back.get()), (std::vector<double>{1, 2}));
  neuralode_tensor out = nullptr;
  for (const char* device : {"", "gpu", "cpu:x", "cuda:-3"})
    EXPECT_NE(neuralode_tensor_to(tensor.get(), device, -1, &out), NEURALODE_OK) << device;
  EXPECT_EQ(neuralode_tensor_to(tensor.get(), "cpu", 99, &out), NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(out, nullptr);
}

TEST(TensorAbi, GradientsAccumulateAndCanBeReplaced) {
  const auto x = vector_of({1, 2}, true);
  EXPECT_EQ(gradient_of(x).get(), nullptr);
  const auto seed = vector_of({1, 1});
  for (int i = 0; i < 2; ++i)
    ASSERT_OK(neuralode_tensor_backward(operation("aten::mul", "Tensor", {x.get(), x.get()}).get(), seed.get(), 0, 0));
  EXPECT_EQ(values_of(gradient_of(x).get()), (std::vector<double>{4, 8}));
  const auto wrong = vector_of({1, 2, 3});
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_set_grad(x.get(), wrong.get())), HasSubstr("grad"));
  ASSERT_OK(neuralode_tensor_set_grad(x.get(), nullptr));
  EXPECT_EQ(gradient_of(x).get(), nullptr);
}

TEST(TensorAbi, BackwardSaysWhatIsMissing) {
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_backward(vector_of({1}).get(), nullptr, 0, 0)),
              HasSubstr("set requires_grad"));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_backward(vector_of({1, 2}, true).get(), nullptr, 0, 0)),
              HasSubstr("gradient"));
  const int64_t size = 1;
  Tensor integers;
  ASSERT_OK(neuralode_tensor_create(nullptr, NEURALODE_INT64, &size, 1, integers.out()));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_set_requires_grad(integers.get(), 1)), HasSubstr("requires_grad"));
}

TEST(TensorAbi, GradWritesNullForAnInputThatWasNotUsed) {
  const auto x = vector_of({3}, true), unused = vector_of({1}, true);
  const auto y = operation("aten::mul", "Tensor", {x.get(), x.get()});
  const neuralode_tensor inputs[2] = {x.get(), unused.get()};
  neuralode_tensor gradients[2] = {nullptr, x.get()};
  ASSERT_OK(neuralode_grad(y.list(), nullptr, 1, inputs, 2, 0, 0, gradients));
  EXPECT_EQ(values_of(gradients[0]), std::vector<double>{6});
  EXPECT_EQ(gradients[1], nullptr);
  neuralode_tensor_destroy(gradients[0]);
}

TEST(TensorAbi, AWriteIsAnInPlaceChangeForAutograd) {
  const auto x = vector_of({3}, true), one = vector_of({1});
  const auto y = operation("aten::mul", "Tensor", {x.get(), x.get()});
  const double value = 5;
  ASSERT_OK(neuralode_tensor_write(x.get(), &value, 8));
  EXPECT_THAT(text_with(NEURALODE_RUNTIME_ERROR, neuralode_tensor_backward(y.get(), one.get(), 0, 0)),
              HasSubstr("modified by an inplace operation"));
}

TEST(TensorAbi, RecordingAndAutocastCanBeSwitchedAndTellWhatTheyWere) {
  int32_t previous = -1;
  ASSERT_OK(neuralode_grad_mode_set(0, &previous));
  EXPECT_EQ(previous, 1);
  const auto x = vector_of({3}, true);
  neuralode_tensor_info info{};
  ASSERT_OK(neuralode_tensor_get_info(operation("aten::neg", "", {x.get()}).get(), sizeof info, &info));
  EXPECT_EQ(info.requires_grad, 0);
  ASSERT_OK(neuralode_grad_mode_set(1, &previous));
  EXPECT_EQ(previous, 0);
  int32_t dtype = -1;
  ASSERT_OK(neuralode_autocast_set("cpu", 1, NEURALODE_BFLOAT16, &previous, &dtype));
  EXPECT_EQ(previous, 0);
  EXPECT_EQ(dtype, NEURALODE_BFLOAT16);
  ASSERT_OK(neuralode_autocast_set("cpu", 0, -1, &previous, nullptr));
  EXPECT_EQ(previous, 1);
}

TEST(TensorAbi, AutocastIsOfADeviceAndADtypeAndRefusesWhatCannotBe) {
  int32_t dtype = -1;
  ASSERT_OK(neuralode_autocast_set("cuda:0", 0, NEURALODE_BFLOAT16, nullptr, &dtype));
  EXPECT_EQ(dtype, NEURALODE_FLOAT16);  // what libtorch begins with
  ASSERT_OK(neuralode_autocast_set("cuda", 0, dtype, nullptr, &dtype));
  EXPECT_EQ(dtype, NEURALODE_BFLOAT16);
  EXPECT_EQ(neuralode_autocast_set("cpu", 1, NEURALODE_FLOAT32, nullptr, nullptr), NEURALODE_INVALID_ARGUMENT);
  EXPECT_THAT(neuralode_last_error(), HasSubstr("dtype: 6"));
  EXPECT_EQ(neuralode_autocast_set("xpu", 1, -1, nullptr, nullptr), NEURALODE_INVALID_ARGUMENT);
  EXPECT_THAT(neuralode_last_error(), HasSubstr("'xpu'"));
}

TEST(TensorAbi, Tf32FlagsAreKeptAndOthersRefused) {
  int32_t first = -1, flags = -1;
  ASSERT_OK(neuralode_tf32_set(NEURALODE_TF32_MATRIX_PRODUCTS, &first));
  ASSERT_OK(neuralode_tf32_set(first, &flags));
  EXPECT_EQ(flags, NEURALODE_TF32_MATRIX_PRODUCTS);
  EXPECT_EQ(neuralode_tf32_set(4, nullptr), NEURALODE_INVALID_ARGUMENT);
  EXPECT_THAT(neuralode_last_error(), HasSubstr("flags: 4"));
}

TEST(OpCallAbi, AResultThatDoesNotFitWritesNothing) {
  const auto x = vector_of({3, 1, 2});
  neuralode_value argument{}, results[2]{};
  argument.kind = NEURALODE_VALUE_TENSOR;
  argument.tensor = x.get();
  int64_t count = -1;
  const auto before = live_objects();
  neuralode_value arguments[2] = {argument, {}};
  arguments[1].kind = NEURALODE_VALUE_INT;
  arguments[1].integer = 0;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_op_call("aten::max", "dim", arguments, 2, results, 1, &count)),
              HasSubstr("capacity: aten::max returns 2"));
  EXPECT_EQ(count, -1);
  EXPECT_EQ(live_objects(), before);
  ASSERT_OK(neuralode_op_call("aten::max", "dim", arguments, 2, results, 2, &count));
  EXPECT_EQ(count, 2);
  EXPECT_EQ(values_of(results[0].tensor), std::vector<double>{3});
  for (auto& result : results) neuralode_tensor_destroy(result.tensor);
}

TEST(OpCallAbi, ListsTextNumbersAndNoneReachTheOperator) {
  const int64_t shape[2] = {2, 2};
  neuralode_value arguments[4]{}, result{};
  arguments[0].kind = NEURALODE_VALUE_INT_LIST;
  arguments[0].data = shape;
  arguments[0].count = 2;
  arguments[1].kind = NEURALODE_VALUE_INT;
  arguments[1].integer = NEURALODE_FLOAT64;
  arguments[2].kind = NEURALODE_VALUE_NONE;
  arguments[3].kind = NEURALODE_VALUE_STRING;
  arguments[3].data = "cpu";
  int64_t count = 0;
  ASSERT_OK(neuralode_op_call("aten::ones", nullptr, arguments, 4, &result, 1, &count));
  EXPECT_EQ(values_of(result.tensor), (std::vector<double>{1, 1, 1, 1}));
  neuralode_tensor_destroy(result.tensor);
  arguments[0].kind = 77;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_op_call("aten::ones", nullptr, arguments, 4, &result, 1, &count)),
              HasSubstr("arguments[0].kind: 77"));
  arguments[0].kind = NEURALODE_VALUE_INT_LIST;
  arguments[0].data = nullptr;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_op_call("aten::ones", nullptr, arguments, 4, &result, 1, &count)),
              HasSubstr("arguments[0]"));
  arguments[0].data = shape;
  arguments[0].count = -1;
  EXPECT_EQ(neuralode_op_call("aten::ones", nullptr, arguments, 4, &result, 1, &count), NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(neuralode_op_call("aten::ones", nullptr, arguments, -1, &result, 1, &count), NEURALODE_INVALID_ARGUMENT);
}

TEST(TensorAbi, ASharedHandleIsTheSameTensorAndACopyIsNot) {
  const auto tensor = vector_of({1, 2}), equal = vector_of({1, 2});
  Tensor shared;
  ASSERT_OK(neuralode_tensor_share(tensor.get(), shared.out()));
  int32_t same = -1;
  ASSERT_OK(neuralode_tensor_is_same(tensor.get(), shared.get(), &same));
  EXPECT_EQ(same, 1);
  ASSERT_OK(neuralode_tensor_is_same(tensor.get(), equal.get(), &same));
  EXPECT_EQ(same, 0);
}

TEST(TensorAbi, ADisownedHandleIsNoLongerCounted) {
  auto tensor = vector_of({1, 2});
  const auto before = live_objects().first;
  ASSERT_OK(neuralode_tensor_disown(tensor.get()));
  EXPECT_EQ(live_objects().first, before - 1);
  EXPECT_EQ(values_of(tensor.get()), (std::vector<double>{1, 2}));  // whoever owns it now deletes it: here, the destructor
}

TEST(TensorMapAbi, ANameStaysWhereItIsWhenTheMapGrows) {
  const auto tensor = vector_of({1});
  TensorMap map;
  ASSERT_OK(neuralode_tensor_map_create(map.out()));
  ASSERT_OK(neuralode_tensor_map_set(map.get(), "first", tensor.get()));
  const char* name = nullptr;
  ASSERT_OK(neuralode_tensor_map_name(map.get(), 0, &name));
  for (int i = 0; i < 100; ++i) ASSERT_OK(neuralode_tensor_map_set(map.get(), std::to_string(i).c_str(), tensor.get()));
  EXPECT_STREQ(name, "first");
}

TEST(DlpackAbi, SharesMemoryBothWays) {
  const auto tensor = vector_of({1, 2, 3});
  void* managed = nullptr;
  ASSERT_OK(neuralode_tensor_to_dlpack(tensor.get(), &managed));
  Tensor back;
  ASSERT_OK(neuralode_tensor_from_dlpack(managed, back.out()));
  const double changed[3] = {4, 5, 6};
  ASSERT_OK(neuralode_tensor_write(tensor.get(), changed, 24));
  EXPECT_EQ(values_of(back.get()), (std::vector<double>{4, 5, 6}));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_tensor_to_dlpack(vector_of({1}, true).get(), &managed)), HasSubstr("detach"));
}

}  // namespace
}  // namespace neuralode::abi
