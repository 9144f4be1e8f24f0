// neuralode/model.h and neuralode/optim.h: a training step, its checkpoint, and what is refused.
#include <cmath>

#include "../support/temporary_folder.h"
#include "objects.h"

namespace neuralode::abi {
namespace {

using ::testing::HasSubstr;

Tensor images() {
  const int64_t sizes[4] = {2, 3, 8, 8};
  std::vector<float> pixels(2 * 3 * 8 * 8);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = float(std::cos(double(i)));
  Tensor tensor;
  EXPECT_OK(neuralode_tensor_create(pixels.data(), NEURALODE_FLOAT32, sizes, 4, tensor.out()));
  return tensor;
}

class ModelAbi : public ::testing::Test {
 protected:
  ModelAbi() {
    EXPECT_OK(neuralode_solve_options_init(sizeof solve_, &solve_));
    solve_.step_size = 0.5;
    model_ = created(1);
    EXPECT_OK(neuralode_model_parameters(model_.get(), parameters_.out()));
    optimizer_ = optimizer_of(parameters_);
  }

  Model created(std::uint64_t seed) const {
    neuralode_model_options options;
    EXPECT_OK(neuralode_model_options_init(sizeof options, &options));
    options.image_size = 8;
    options.classes = 3;
    options.seed = seed;
    Model model;
    EXPECT_OK(neuralode_model_create("odenet-small", &options, &solve_, model.out()));
    return model;
  }

  static std::vector<Tensor> tensors_of(const TensorMap& map) {
    int64_t count = 0;
    EXPECT_OK(neuralode_tensor_map_count(map.get(), &count));
    std::vector<Tensor> result(static_cast<std::size_t>(count));
    for (int64_t i = 0; i < count; ++i) EXPECT_OK(neuralode_tensor_map_get(map.get(), i, result[static_cast<std::size_t>(i)].out()));
    return result;
  }

  static Optimizer optimizer_of(const TensorMap& parameters) {
    std::vector<neuralode_tensor> handles;
    const auto tensors = tensors_of(parameters);
    for (const auto& tensor : tensors) handles.push_back(tensor.get());
    Optimizer optimizer;
    EXPECT_OK(neuralode_optimizer_create(nullptr, handles.data(), static_cast<int64_t>(handles.size()), optimizer.out()));
    return optimizer;
  }

  static double loss_step(const Model& model, const Optimizer& optimizer) {
    EXPECT_OK(neuralode_optimizer_zero_grad(optimizer.get()));
    Tensor logits, loss;
    EXPECT_OK(neuralode_model_forward(model.get(), images().get(), logits.out()));
    const auto sum = operation("aten::sum", "", {operation("aten::mul", "Tensor", {logits.get(), logits.get()}).get()});
    EXPECT_OK(neuralode_tensor_backward(sum.get(), nullptr, 0, 0));
    EXPECT_OK(neuralode_optimizer_step(optimizer.get()));
    EXPECT_OK(neuralode_tensor_to(sum.get(), "cpu", NEURALODE_FLOAT64, loss.out()));
    return values_of(loss.get())[0];
  }

  neuralode_solve_options solve_{};
  Model model_;
  TensorMap parameters_;
  Optimizer optimizer_;
};

TEST_F(ModelAbi, TrainsAndResumesFromACheckpointBitForBit) {
  const testing::TemporaryFolder folder;
  const auto path = folder / "checkpoint";
  ASSERT_OK(neuralode_optimizer_set_lr(optimizer_.get(), 0.01));
  loss_step(model_, optimizer_);
  ASSERT_OK(neuralode_checkpoint_save(path.c_str(), model_.get(), optimizer_.get(), nullptr, "step 1"));
  const double second = loss_step(model_, optimizer_), third = loss_step(model_, optimizer_);

  const auto resumed = created(2);
  TensorMap parameters;
  ASSERT_OK(neuralode_model_parameters(resumed.get(), parameters.out()));
  const auto optimizer = optimizer_of(parameters);
  Checkpoint checkpoint;
  ASSERT_OK(neuralode_checkpoint_open(path.c_str(), checkpoint.out()));
  const char* metadata = nullptr;
  ASSERT_OK(neuralode_checkpoint_metadata(checkpoint.get(), &metadata));
  EXPECT_STREQ(metadata, "step 1");
  ASSERT_OK(neuralode_checkpoint_restore(checkpoint.get(), resumed.get(), optimizer.get(), nullptr));
  EXPECT_EQ(loss_step(resumed, optimizer), second);
  EXPECT_EQ(loss_step(resumed, optimizer), third);
}

TEST_F(ModelAbi, ADamagedCheckpointIsAnIoErrorWithItsPath) {
  const testing::TemporaryFolder folder;
  testing::write_bytes(folder / "checkpoint", "NODECKP1 and no more");
  neuralode_checkpoint checkpoint = nullptr;
  EXPECT_THAT(text_with(NEURALODE_IO_ERROR, neuralode_checkpoint_open((folder / "checkpoint").c_str(), &checkpoint)),
              HasSubstr(folder / "checkpoint"));
  EXPECT_EQ(checkpoint, nullptr);
}

TEST_F(ModelAbi, ParametersShareMemoryWithTheModel) {
  const auto logits = [&] {
    Tensor result, wide;
    EXPECT_OK(neuralode_model_forward(model_.get(), images().get(), result.out()));
    EXPECT_OK(neuralode_tensor_to(result.get(), "cpu", NEURALODE_FLOAT64, wide.out()));
    return values_of(wide.get());
  };
  ASSERT_OK(neuralode_grad_mode_set(0, nullptr));
  const auto before = logits();
  for (const auto& tensor : tensors_of(parameters_)) operation("aten::zero_", "", {tensor.get()});
  EXPECT_NE(logits(), before);
  EXPECT_EQ(logits(), std::vector<double>(6, 0));
  ASSERT_OK(neuralode_grad_mode_set(1, nullptr));
}

TEST_F(ModelAbi, EvaluationModeLeavesTheBuffersAlone) {
  TensorMap buffers;
  ASSERT_OK(neuralode_model_buffers(model_.get(), buffers.out()));
  const auto sum = [&] {
    double total = 0;
    for (const auto& buffer : tensors_of(buffers)) {
      Tensor wide;
      EXPECT_OK(neuralode_tensor_to(buffer.get(), "cpu", NEURALODE_FLOAT64, wide.out()));
      for (const double value : values_of(wide.get())) total += value;
    }
    return total;
  };
  const double before = sum();
  ASSERT_OK(neuralode_model_set_training(model_.get(), 0));
  loss_step(model_, optimizer_);
  EXPECT_EQ(sum(), before);
  ASSERT_OK(neuralode_model_set_training(model_.get(), 1));
  loss_step(model_, optimizer_);
  EXPECT_NE(sum(), before);
}

TEST_F(ModelAbi, StatisticsAddUpAndAreReset) {
  loss_step(model_, optimizer_);
  neuralode_statistics statistics{};
  ASSERT_OK(neuralode_model_statistics(model_.get(), 1, sizeof statistics, &statistics));
  EXPECT_EQ(statistics.steps_accepted, 4);  // two blocks, two steps
  EXPECT_EQ(statistics.nfe_forward, 6);
  EXPECT_EQ(statistics.nfe_backward, 6);
  EXPECT_EQ(statistics.steps_replayed, 0);
  EXPECT_LT(statistics.reconstruction_error, 1e-3);  // float32 rounding over two steps
  ASSERT_OK(neuralode_model_statistics(model_.get(), 0, sizeof statistics, &statistics));
  EXPECT_EQ(statistics.nfe_forward, 0);
  EXPECT_TRUE(std::isnan(statistics.reconstruction_error));
}

TEST_F(ModelAbi, WhatDoesNotFitIsRefusedByName) {
  neuralode_model model = nullptr;
  neuralode_model_options options;
  ASSERT_OK(neuralode_model_options_init(sizeof options, &options));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_model_create("vgg", &options, nullptr, &model)), HasSubstr("'vgg'"));
  options.classes = 1;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_model_create("odenet-small", &options, nullptr, &model)),
              HasSubstr("classes: 1"));
  EXPECT_EQ(model, nullptr);
  solve_.eta = 0.5;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_model_set_solve(model_.get(), &solve_)), HasSubstr("eta"));
  neuralode_tensor logits = nullptr;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_model_forward(model_.get(), vector_of({1}).get(), &logits)),
              HasSubstr("images"));
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_optimizer_set_lr(optimizer_.get(), -1)), HasSubstr("lr: -1"));
}

TEST(OptimAbi, DefaultsAreThoseOfTheHeader) {
  neuralode_optimizer_options optimizer;
  ASSERT_OK(neuralode_optimizer_options_init(sizeof optimizer, &optimizer));
  EXPECT_EQ(optimizer.kind, NEURALODE_SGD);
  EXPECT_EQ(optimizer.lr, 0.1);
  EXPECT_EQ(optimizer.momentum, 0.9);
  EXPECT_EQ(optimizer.beta2, 0.999);
  EXPECT_EQ(optimizer.epsilon, 1e-8);
  neuralode_schedule_options schedule;
  ASSERT_OK(neuralode_schedule_options_init(sizeof schedule, &schedule));
  EXPECT_EQ(schedule.kind, NEURALODE_SCHEDULE_CONSTANT);
  EXPECT_EQ(schedule.warmup, 0.25);
  EXPECT_EQ(schedule.initial_divisor, 25);
}

TEST(OptimAbi, RatesFollowTheSchedule) {
  neuralode_schedule_options options;
  ASSERT_OK(neuralode_schedule_options_init(sizeof options, &options));
  options.kind = NEURALODE_SCHEDULE_COSINE;
  options.total_steps = 11;
  double rate = -1;
  ASSERT_OK(neuralode_schedule_rate(&options, 5, &rate));
  EXPECT_NEAR(rate, 0.05, 1e-15);
  options.total_steps = 0;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_schedule_rate(&options, 5, &rate)), HasSubstr("total_steps: 0"));
  options.struct_size = 1000;
  EXPECT_THAT(text_with(NEURALODE_INVALID_ARGUMENT, neuralode_schedule_rate(&options, 5, &rate)), HasSubstr("struct_size: 1000"));
  EXPECT_NEAR(rate, 0.05, 1e-15);  // outputs are untouched
}

}  // namespace
}  // namespace neuralode::abi
