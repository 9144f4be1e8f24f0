// Where a model is, how it is laid out, and what it computes in.
#include <gtest/gtest.h>

#include <cmath>

#include "models/image_model.h"
#include "support/expect.h"
#include "support/gpu.h"
#include "support/ode.h"
#include "tensors/autocast.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<ImageModel> made(GradientKind gradient = GradientKind::mali) {
  return make_image_model("odenet-small", {Stem::automatic, 7, 16, 1}, fixed_steps(0.5, 1, gradient));
}

at::Tensor images() { return wave({4, 3, 16, 16}, 0, 1, at::kFloat); }

at::Tensor drift_rate(ImageModel& model) { return model.named_buffers()["ode1.drift_rate"]; }

/// Gradients of a loss by parameter, flat in float32 on the CPU.
at::Tensor gradients(ImageModel& model, const at::Tensor& x, const AutocastState& precision) {
  at::Tensor loss;
  {
    const AutocastScope autocast(precision);
    loss = at::log_softmax(model.classify(x).to(at::kFloat), 1).select(1, 2).mean().neg();
  }
  std::vector<at::Tensor> flat;
  for (const auto& gradient : torch::autograd::grad({loss}, model.parameters())) {
    EXPECT_EQ(gradient.scalar_type(), at::kFloat);
    flat.push_back(gradient.reshape(-1).cpu());
  }
  return at::cat(flat);
}

TEST(PlacedModel, KeepsItsParametersAndLaysConvolutionsOut) {
  const auto model = made(), other = made();
  const auto before = model->parameters();
  model->classify(images()).sum().backward();
  model->place(at::kCPU, at::MemoryFormat::ChannelsLast);
  const auto after = model->parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(before[i].is_same(after[i]));
    EXPECT_TRUE(after[i].equal(other->parameters()[i]));
    if (after[i].dim() != 4) continue;
    EXPECT_TRUE(after[i].is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(after[i].grad().is_contiguous(at::MemoryFormat::ChannelsLast));
  }
  model->place(at::kCPU, at::MemoryFormat::Contiguous);
  for (const auto& parameter : model->parameters()) EXPECT_TRUE(parameter.is_contiguous());
}

TEST(PlacedModel, LeavesTheDriftRatesOfItsBlocksWhereStepsArePlanned) {
  const auto model = made();
  model->to(at::kCPU, at::kDouble);
  EXPECT_EQ(model->named_parameters()["ode1.f.conv1.weight"].scalar_type(), at::kDouble);
  model->to(at::kCPU, at::kFloat);
  EXPECT_EQ(drift_rate(*model).scalar_type(), at::kDouble);  // nothing that moves the block's module touched it
  if (!has_gpu()) GTEST_SKIP() << needs_a_gpu();
  model->place({at::kCUDA, 0}, at::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(model->named_parameters()["ode1.f.conv1.weight"].is_cuda());
  EXPECT_TRUE(model->named_buffers()["ode1.f.bn1.running_mean"].is_cuda());
  EXPECT_TRUE(drift_rate(*model).is_cpu());
}

TEST(PlacedModel, RefusesImagesOfAnotherDevice) {
  EXPECT_THAT(error_text(Status::invalid_argument, [] { made()->classify(images().to(at::kMeta)); }), HasSubstr("images: on meta"));
}

TEST(PlacedModel, OnAGpuGivesTheLogitsOfTheCpu) {
  if (!has_gpu()) GTEST_SKIP() << needs_a_gpu();
  const torch::NoGradGuard not_recording;
  const auto model = made();
  model->eval();
  const auto expected = model->classify(images());
  model->place({at::kCUDA, 0}, at::MemoryFormat::ChannelsLast);
  const auto x = images().to(at::Device(at::kCUDA, 0)).contiguous(at::MemoryFormat::ChannelsLast);
  // float32 sums of up to 576 products in another order: 576 * 6e-8, over some layers; convolutions round to TF32 (10 bits) by default
  EXPECT_LE(gap({model->classify(x).cpu()}, {expected}), 1e-2);
}

/// `tensor` rounded to bfloat16's 8 bits.
at::Tensor rounded(const at::Tensor& tensor) { return tensor.detach().to(at::kBFloat16).to(at::kFloat); }

/// How far bfloat16 may be from float32: measured, because batch normalisation and ReLU decide what a rounding becomes. A change of the
/// weights alone by one rounding each moves the gradients by d. Autocast rounds weights, inputs and results of each convolution, forward
/// and backward: six such changes, which as independent ones add up to sqrt(6) d; twice that.
double tolerance_of_bfloat16(const at::Tensor& exact) {
  const auto model = made();
  const torch::NoGradGuard not_recording;
  for (auto& parameter : model->parameters()) parameter.copy_(rounded(parameter));
  const torch::AutoGradMode recording(true);
  const double d = (gradients(*model, images(), {at::kCPU, false, at::kBFloat16}) - exact).norm().item<double>();
  return 2 * std::sqrt(6) * d;
}

TEST(ModelUnderAutocast, HasGradientsInFloat32CloseToThoseOfFloat32) {
  const auto exact = gradients(*made(), images(), {at::kCPU, false, at::kBFloat16});
  const double tolerance = tolerance_of_bfloat16(exact);
  EXPECT_LT(tolerance, exact.norm().item<double>());  // says something
  for (const auto gradient : {GradientKind::mali, GradientKind::backprop}) {
    const auto found = gradients(*made(gradient), images(), {at::kCPU, true, at::kBFloat16});
    EXPECT_LE((found - exact).norm().item<double>(), tolerance);
    EXPECT_FALSE(found.equal(exact));  // autocast was on
  }
}

TEST(ModelUnderAutocast, KeepsTheStatesOfItsBlocksInFloat32) {
  const auto model = made();
  const AutocastScope autocast({at::kCPU, true, at::kBFloat16});
  model->classify(images()).to(at::kFloat).sum().backward();
  // In bfloat16 the states themselves would come back no better than to 2^-9; facts of float32: 1e-7 over ten steps.
  EXPECT_LE(model->statistics(true).reconstruction_error, 1e-4);
}

TEST(ModelUnderAutocast, LaidOutChannelsLastHasTheSameGradients) {
  const auto rows = made(), channels = made();
  channels->place(at::kCPU, at::MemoryFormat::ChannelsLast);
  const auto expected = gradients(*rows, images(), {at::kCPU, true, at::kBFloat16});
  const auto found = gradients(*channels, images().contiguous(at::MemoryFormat::ChannelsLast), {at::kCPU, true, at::kBFloat16});
  EXPECT_LE((found - expected).norm().item<double>(),
            tolerance_of_bfloat16(gradients(*made(), images(), {at::kCPU, false, at::kBFloat16})));
}

}  // namespace
}  // namespace neuralode::testing
