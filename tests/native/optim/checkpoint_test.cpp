#include "optim/checkpoint.h"

#include <gtest/gtest.h>

#include "optim/optimizer.h"
#include "optim/optimizer_state.h"
#include "support/expect.h"
#include "support/ode.h"
#include "support/temporary_folder.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A model in training: random images each step, so that the generator counts too.
struct Training {
  explicit Training(OptimizerKind kind = OptimizerKind::sgd, std::uint64_t seed = 1, std::int64_t classes = 3)
      : model(make_image_model("odenet-small", {Stem::automatic, classes, 8, seed}, fixed_steps(0.5))) {
    OptimizerOptions options;
    options.kind = kind;
    options.lr = 0.01;
    optimizer = make_optimizer(options, model->parameters());
  }
  void train(int steps) {
    for (int i = 0; i < steps; ++i) {
      optimizer->zero_grad();
      model->classify(at::rand({2, 3, 8, 8})).square().sum().backward();
      optimizer->step();
    }
  }
  TensorList state() const {
    TensorList result;
    for (const auto& tensor : model->parameters()) result.push_back(tensor.detach().clone());
    for (const auto& tensor : model->buffers()) result.push_back(tensor.clone());
    return result;
  }
  std::shared_ptr<ImageModel> model;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
};

bool identical_lists(const TensorList& a, const TensorList& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](const auto& left, const auto& right) { return identical(left, right); });
}

class Checkpoints : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "checkpoint"; }
  void save(const Training& training, const std::string& metadata = "") const {
    Checkpoint::save(path(), *training.model, *training.optimizer, nullptr, metadata);
  }
  TemporaryFolder folder_;
};

TEST_F(Checkpoints, TrainingGoesOnBitForBit) {
  for (const auto kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw}) {
    torch::manual_seed(4);
    Training whole(kind);
    whole.train(3);
    save(whole);
    whole.train(3);

    torch::manual_seed(999);
    Training resumed(kind, 2);
    resumed.train(1);
    Checkpoint::open(path()).restore(*resumed.model, resumed.optimizer.get(), nullptr);
    resumed.train(3);
    EXPECT_TRUE(identical_lists(resumed.state(), whole.state())) << int(kind);
  }
}

TEST_F(Checkpoints, AGradientScalerComesBackAndItsAbsenceIsAnError) {
  Training saved;
  GradScaler scaler({1024, 2, 0.5, 3});
  saved.train(1);
  scaler.step(*saved.optimizer);
  scaler.update();
  Checkpoint::save(path(), *saved.model, *saved.optimizer, &scaler, "");
  Training resumed;
  GradScaler other({});
  Checkpoint::open(path()).restore(*resumed.model, resumed.optimizer.get(), &other);
  EXPECT_TRUE(identical(other.state()[0].second, scaler.state()[0].second));
  EXPECT_EQ(other.scale_factor(), 1024);
  EXPECT_EQ(other.growth_tracker(), 1);
  save(saved);
  const auto before = other.state()[0].second;
  EXPECT_THAT(
      error_text(Status::invalid_argument, [&] { Checkpoint::open(path()).restore(*resumed.model, resumed.optimizer.get(), &other); }),
      HasSubstr("without one"));
  EXPECT_TRUE(identical(other.state()[0].second, before));
}

TEST_F(Checkpoints, TheLearningRateComesBackToo) {
  Training saved;
  set_learning_rate(*saved.optimizer, 0.125);
  save(saved);
  Training resumed;
  Checkpoint::open(path()).restore(*resumed.model, resumed.optimizer.get(), nullptr);
  EXPECT_EQ(resumed.optimizer->param_groups()[0].options().get_lr(), 0.125);
}

TEST_F(Checkpoints, MetadataIsAnyText) {
  const std::string metadata = "{\"epoch\": 3}\n\xc3\xa9\t";
  save(Training(), metadata);
  EXPECT_EQ(Checkpoint::open(path()).metadata, metadata);
}

TEST_F(Checkpoints, WeightsAloneLeaveTheGeneratorAlone) {
  Training saved;
  saved.train(1);
  save(saved);
  Training other(OptimizerKind::adam, 5);
  const auto generator = at::globalContext().defaultGenerator(at::kCPU).get_state();
  Checkpoint::open(path()).restore(*other.model, nullptr, nullptr);
  EXPECT_TRUE(identical_lists(other.state(), saved.state()));
  EXPECT_TRUE(identical(at::globalContext().defaultGenerator(at::kCPU).get_state(), generator));
}

TEST_F(Checkpoints, RestoringDoesNotTouchAGraphsParametersUnnoticed) {
  Training training;
  training.train(1);
  save(training);
  const auto loss = training.model->classify(at::rand({2, 3, 8, 8})).sum();
  Checkpoint::open(path()).restore(*training.model, nullptr, nullptr);
  EXPECT_THROW(loss.backward(), std::exception);  // its weights were replaced in place
}

TEST_F(Checkpoints, EveryTruncationIsRefusedWithThePath) {
  save(Training());
  const auto whole = bytes_of_file(path());
  for (std::size_t i = 0; i < 40; ++i) {
    write_bytes(path(), whole.substr(0, i < 30 ? i : whole.size() * (i - 29) / 11));
    EXPECT_THAT(error_text(Status::io_error, [&] { Checkpoint::open(path()); }), HasSubstr(path())) << i;
  }
  write_bytes(path(), whole + "x");
  error_text(Status::io_error, [&] { Checkpoint::open(path()); });
}

TEST_F(Checkpoints, EveryFlippedByteIsRefused) {
  save(Training());
  const auto whole = bytes_of_file(path());
  for (std::size_t i = 0; i < 60; ++i) {
    const std::size_t position = i < 30 ? i : whole.size() - 1 - (i - 30) * (whole.size() / 31);
    auto damaged = whole;
    damaged[position] = static_cast<char>(damaged[position] ^ (1 << (i % 8)));
    write_bytes(path(), damaged);
    error_text(Status::io_error, [&] { Checkpoint::open(path()); });
  }
}

TEST_F(Checkpoints, AMissingFileIsAnIoErrorWithThePath) {
  EXPECT_THAT(error_text(Status::io_error, [&] { Checkpoint::open(path()); }), HasSubstr(path()));
}

TEST_F(Checkpoints, AFailedSaveLeavesTheOldOneWhole) {
  const Training training;
  save(training, "old");
  error_text(Status::io_error, [&] { Checkpoint::save(folder_ / "no/checkpoint", *training.model, *training.optimizer, nullptr, "new"); });
  EXPECT_EQ(Checkpoint::open(path()).metadata, "old");
  EXPECT_EQ(folder_.entries(), 1u);
}

TEST_F(Checkpoints, AModelOfAnotherStructureIsRefusedAndUntouched) {
  save(Training());
  const auto checkpoint = Checkpoint::open(path());
  Training other(OptimizerKind::sgd, 2, 4);
  const auto before = other.state();
  const auto generator = at::globalContext().defaultGenerator(at::kCPU).get_state();
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { checkpoint.restore(*other.model, other.optimizer.get(), nullptr); }),
              AllOf(HasSubstr("head.weight"), HasSubstr("[4, 64]")));
  const auto resnet = make_image_model("resnet18-ode", {Stem::automatic, 3, 8, 1}, fixed_steps(1));
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { checkpoint.restore(*resnet, nullptr, nullptr); }), HasSubstr("stem.weight"));
  EXPECT_TRUE(identical_lists(other.state(), before));
  EXPECT_TRUE(identical(at::globalContext().defaultGenerator(at::kCPU).get_state(), generator));
}

TEST_F(Checkpoints, AnotherOptimiserIsRefusedAndNothingIsTouched) {
  Training saved;
  saved.train(1);
  save(saved);
  const auto checkpoint = Checkpoint::open(path());
  Training other(OptimizerKind::adam, 2);
  const auto before = other.state();
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { checkpoint.restore(*other.model, other.optimizer.get(), nullptr); }),
              AllOf(HasSubstr("SGD"), HasSubstr("Adam")));
  EXPECT_TRUE(identical_lists(other.state(), before));
}

TEST_F(Checkpoints, AnOptimiserOfOtherParametersIsRefusedAndNothingIsTouched) {
  Training saved;
  saved.train(1);
  save(saved);
  const auto checkpoint = Checkpoint::open(path());
  Training other(OptimizerKind::sgd, 2);
  const auto part = make_optimizer({}, {other.model->parameters()[0], other.model->parameters()[1]});
  const auto before = other.state();
  error_text(Status::invalid_argument, [&] { checkpoint.restore(*other.model, part.get(), nullptr); });
  EXPECT_TRUE(identical_lists(other.state(), before));
}

TEST_F(Checkpoints, HoldWhatTheBlocksLearntAboutDrift) {
  const Training training;
  for (const auto& buffer : training.model->named_buffers())
    if (buffer.key().find("drift_rate") != std::string::npos) at::Tensor(buffer.value()).fill_(2.5);
  save(training);
  const Training other(OptimizerKind::sgd, 9);
  Checkpoint::open(path()).restore(*other.model, other.optimizer.get(), nullptr);
  EXPECT_TRUE(identical_lists(other.state(), training.state()));
}

TEST_F(Checkpoints, FromBeforeModelsLearntDriftRatesAreRestored) {
  const Training training;
  save(training);
  auto checkpoint = Checkpoint::open(path());
  for (std::size_t i = checkpoint.names.size(); i-- > 0;)
    if (checkpoint.names[i].find("drift_rate") != std::string::npos) {
      checkpoint.names.erase(checkpoint.names.begin() + static_cast<std::ptrdiff_t>(i));
      checkpoint.tensors.erase(checkpoint.tensors.begin() + static_cast<std::ptrdiff_t>(i));
    }
  ASSERT_EQ(checkpoint.names.size() + 2, training.state().size());
  const Training other(OptimizerKind::sgd, 9);
  for (const auto& buffer : other.model->named_buffers())
    if (buffer.key().find("drift_rate") != std::string::npos) at::Tensor(buffer.value()).fill_(3);
  checkpoint.restore(*other.model, other.optimizer.get(), nullptr);
  EXPECT_TRUE(identical_lists(other.state(), training.state()));
}

TEST_F(Checkpoints, OfTheFormatBeforeAreRefusedByName) {
  write_bytes(path(), "NODECKP1" + std::string(16, '\0'));
  EXPECT_THAT(error_text(Status::io_error, [&] { Checkpoint::open(path()); }), HasSubstr("version before"));
}

/// Refused, with model, optimiser and generator as they were.
void expect_refused(const Checkpoint& checkpoint, OptimizerKind kind, const char* text) {
  Training other(kind, 2);
  other.train(1);
  const auto before = other.state();
  const auto optimizer = state_of(*other.optimizer);
  const auto generator = at::globalContext().defaultGenerator(at::kCPU).get_state();
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { checkpoint.restore(*other.model, other.optimizer.get(), nullptr); }),
              HasSubstr(text));
  EXPECT_TRUE(identical_lists(other.state(), before));
  EXPECT_TRUE(identical(at::globalContext().defaultGenerator(at::kCPU).get_state(), generator));
  const auto after = state_of(*other.optimizer);
  ASSERT_EQ(after.size(), optimizer.size());
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_TRUE(identical(after[i].second, optimizer[i].second)) << after[i].first;
}

TEST_F(Checkpoints, AnOptimiserStateThatDoesNotFitIsRefusedAndNothingIsTouched) {
  Training saved(OptimizerKind::adam);
  saved.train(1);
  save(saved);
  const auto whole = Checkpoint::open(path());
  for (std::size_t i = 0; i < whole.optimizer_state.size(); i += 7) {
    auto checkpoint = whole;
    auto& [name, tensor] = checkpoint.optimizer_state[i];
    tensor = at::zeros({3, 5});
    expect_refused(checkpoint, OptimizerKind::adam, name.c_str());
    checkpoint.optimizer_state.erase(checkpoint.optimizer_state.begin() + static_cast<std::ptrdiff_t>(i));
    if (name.find("step") == std::string::npos) expect_refused(checkpoint, OptimizerKind::adam, "checkpoint: ");
  }
  auto foreign = whole;
  foreign.optimizer_state.emplace_back("0.momentum_buffer", at::zeros({1}));
  expect_refused(foreign, OptimizerKind::adam, "0.momentum_buffer");
  auto extreme = whole;
  extreme.optimizer_state[0].second = extreme.optimizer_state[0].second.clone();
  extreme.optimizer_state[0].second[1] = NAN;
  expect_refused(extreme, OptimizerKind::adam, "lr: ");
}

TEST_F(Checkpoints, AGeneratorWhoseCountersPointBeyondItsNumbersIsRefused) {
  Training saved;
  saved.train(1);
  save(saved);
  const auto whole = Checkpoint::open(path());
  const auto with = [&](std::int64_t offset, std::int64_t value) {
    auto checkpoint = whole;
    checkpoint.generator = whole.generator.clone();
    checkpoint.generator[offset] = value & 255;
    checkpoint.generator[offset + 1] = value >> 8;
    return checkpoint;
  };
  expect_refused(with(8, 0), OptimizerKind::sgd, "generator");  // left
  expect_refused(with(8, 625), OptimizerKind::sgd, "generator");
  expect_refused(with(16, 625), OptimizerKind::sgd, "generator");  // next
  expect_refused(with(12, 2), OptimizerKind::sgd, "generator");    // seeded
  auto shorter = whole;
  shorter.generator = whole.generator.slice(0, 1);
  expect_refused(shorter, OptimizerKind::sgd, "generator");
}

}  // namespace
}  // namespace neuralode::testing
