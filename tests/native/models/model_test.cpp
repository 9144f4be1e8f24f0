#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "models/image_model.h"
#include "models/odenet_small.h"
#include "models/resnet18_ode.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<ImageModel> made(const std::string& name, std::int64_t image_size = 32, std::uint64_t seed = 1,
                                 const SolveOptions& solve = fixed_steps(0.5)) {
  return make_image_model(name, {Stem::automatic, 7, image_size, seed}, solve);
}

std::size_t weights(torch::nn::Module& model) {
  std::size_t count = 0;
  for (const auto& parameter : model.parameters()) count += static_cast<std::size_t>(parameter.numel());
  return count;
}

TEST(ImageModels, GiveLogitsForImagesOfManySizes) {
  const torch::NoGradGuard not_recording;
  const auto small = made("odenet-small");
  for (const std::int64_t size : {8, 32, 33, 64, 224})
    EXPECT_EQ(small->classify(wave({1, 3, size, size}, 0, 1, at::kFloat)).sizes(), (std::vector<std::int64_t>{1, 7}));
  EXPECT_EQ(small->classify(wave({3, 3, 32, 48}, 0, 1, at::kFloat)).sizes(), (std::vector<std::int64_t>{3, 7}));
}

TEST(ImageModels, ResNet18HasTheStemThatTheImageSizeAsksFor) {
  const torch::NoGradGuard not_recording;
  const auto stem = [](ImageModel& model) { return model.named_parameters()["stem.weight"].sizes().vec(); };
  const auto cifar = made("resnet18-ode", 32), imagenet = made("resnet18-ode", 96);
  EXPECT_EQ(stem(*cifar), (std::vector<std::int64_t>{64, 3, 3, 3}));
  EXPECT_EQ(stem(*imagenet), (std::vector<std::int64_t>{64, 3, 7, 7}));
  EXPECT_EQ(stem(*make_image_model("resnet18-ode", {Stem::imagenet, 7, 32, 1}, fixed_steps(1))), stem(*imagenet));
  EXPECT_EQ(cifar->classify(wave({2, 3, 32, 32}, 0, 1, at::kFloat)).sizes(), (std::vector<std::int64_t>{2, 7}));
  EXPECT_EQ(imagenet->classify(wave({2, 3, 64, 64}, 0, 1, at::kFloat)).sizes(), (std::vector<std::int64_t>{2, 7}));
  EXPECT_EQ(imagenet->classify(wave({1, 3, 224, 224}, 0, 1, at::kFloat)).sizes(), (std::vector<std::int64_t>{1, 7}));
}

TEST(ImageModels, HaveTheSizeTheyClaim) {
  EXPECT_NEAR(double(weights(*made("odenet-small"))), 0.2e6, 0.05e6);
  // A plain ResNet-18 has 11.2 million without its head; ODE blocks stand where it has identity blocks.
  EXPECT_NEAR(double(weights(*made("resnet18-ode"))), 11.2e6, 0.1e6);
}

TEST(ImageModels, SeedsReproduceTheWeightsAndLeaveTheGeneratorAlone) {
  torch::manual_seed(17);
  const auto generator = at::globalContext().defaultGenerator(at::kCPU).get_state();
  const auto a = made("odenet-small"), b = made("odenet-small"), c = made("odenet-small", 32, 2);
  EXPECT_TRUE(identical(at::globalContext().defaultGenerator(at::kCPU).get_state(), generator));
  for (std::size_t i = 0; i < a->parameters().size(); ++i) EXPECT_TRUE(identical(a->parameters()[i], b->parameters()[i]));
  EXPECT_FALSE(a->parameters()[0].equal(c->parameters()[0]));
}

TEST(ImageModels, ConvolutionsAreInitialisedAsHeEtAl) {
  const auto model = made("resnet18-ode");
  const auto weight = model->named_parameters()["stage4_ode.f.conv1.weight"];
  // Standard deviation sqrt(2 / (512 * 9)); the estimate from 2.4 million values is good to a part in 2000.
  EXPECT_NEAR(weight.std().item<double>(), std::sqrt(2.0 / (512 * 9)), 1e-4);
}

TEST(ImageModels, MaliGradientsEqualBackpropsInFloat64) {
  const auto images = wave({4, 3, 16, 16});
  const auto gradients = [&](GradientKind kind) {
    const auto model = made("odenet-small", 16, 3, fixed_steps(0.25, 1, kind));
    model->to(at::kDouble);
    const auto logits = model->forward(images);
    auto result = torch::autograd::grad({at::log_softmax(logits, 1).select(1, 2).sum()}, model->parameters());
    result.push_back(logits.detach());
    for (const auto& buffer : model->buffers()) result.push_back(buffer.to(at::kDouble));
    return result;
  };
  EXPECT_LE(gap(gradients(GradientKind::mali), gradients(GradientKind::backprop)), 1e-7);
}

TEST(ImageModels, StatisticsAddUpOverBlocksAndCalls) {
  const auto model = made("odenet-small", 16, 1, fixed_steps(0.25));
  const auto images = wave({2, 3, 16, 16}, 0, 1, at::kFloat);
  for (int i = 0; i < 2; ++i) model->classify(images).sum().backward();
  auto statistics = model->statistics(false);
  EXPECT_EQ(statistics.steps_accepted, 2 * 2 * 4);
  EXPECT_EQ(statistics.nfe_forward, 2 * 2 * 5);
  EXPECT_EQ(statistics.nfe_backward, 2 * 2 * 5);
  model->classify(images);
  statistics = model->statistics(true);
  EXPECT_EQ(statistics.nfe_forward, 3 * 2 * 5);
  EXPECT_EQ(statistics.nfe_backward, 2 * 2 * 5);
  statistics = model->statistics(false);
  EXPECT_EQ(statistics.nfe_forward, 0);
  EXPECT_TRUE(std::isnan(statistics.reconstruction_error));
}

TEST(ImageModels, StatisticsOfManyCallsAreAllCounted) {
  const torch::NoGradGuard not_recording;
  const auto model = made("odenet-small", 8, 1, fixed_steps(1));
  for (int i = 0; i < 150; ++i) model->classify(at::zeros({2, 3, 8, 8}));
  EXPECT_EQ(model->statistics(true).nfe_forward, 150 * 2 * 2);
  EXPECT_EQ(model->statistics(true).nfe_forward, 0);
}

TEST(ImageModels, AnotherSolverCanBeSetAndIsUsed) {
  const auto model = made("odenet-small", 8);
  model->set_solve_options(fixed_steps(0.1, 1, GradientKind::none));
  model->classify(at::zeros({2, 3, 8, 8}));
  EXPECT_EQ(model->statistics(true).nfe_forward, 2 * 11);
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { model->set_solve_options(fixed_steps(0.1, 0.5)); }), HasSubstr("eta"));
  model->classify(at::zeros({2, 3, 8, 8}));
  EXPECT_EQ(model->statistics(true).nfe_forward, 2 * 11);  // a refused change changes nothing
}

TEST(ImageModels, RefuseOptionsAndImagesThatDoNotFit) {
  const auto refused = [](const std::string& name, const ImageModelOptions& options) {
    return error_text(Status::invalid_argument, [&] { make_image_model(name, options, fixed_steps(1)); });
  };
  EXPECT_THAT(refused("resnet50", {}), HasSubstr("odenet-small or resnet18-ode"));
  EXPECT_THAT(refused("odenet-small", {static_cast<Stem>(3), 10, 32, 0}), HasSubstr("stem: 3"));
  EXPECT_THAT(refused("odenet-small", {Stem::automatic, 1, 32, 0}), HasSubstr("classes: 1"));
  EXPECT_THAT(refused("odenet-small", {Stem::automatic, 10, 7, 0}), HasSubstr("image_size: 7"));
  const auto model = made("odenet-small");
  const auto classify = [&](const at::Tensor& images) { return error_text(Status::invalid_argument, [&] { model->classify(images); }); };
  EXPECT_THAT(classify(at::zeros({3, 32, 32})), HasSubstr("images"));
  EXPECT_THAT(classify(at::zeros({1, 1, 32, 32})), HasSubstr("[1, 1, 32, 32]"));
  EXPECT_THAT(classify(at::zeros({1, 3, 32, 32}, at::kByte)), HasSubstr("float32"));
}

}  // namespace
}  // namespace neuralode::testing
