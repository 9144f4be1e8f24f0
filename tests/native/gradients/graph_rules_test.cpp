// Which solves may be recorded as CUDA graphs: decided on the host, without a GPU.
#include <gtest/gtest.h>

#include "gradients/graphs.h"
#include "support/expect.h"
#include "support/ode.h"
#include "tensors/gpu.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

TEST(GraphRules, ASolveOnTheCpuSaysSo) {
  const Mlp mlp;
  auto options = fixed_steps(0.25);
  options.graphs = GraphKind::automatic;
  const auto solution = solve_plainly({mlp.dynamics(), {wave({3, 4})}}, options);
  EXPECT_EQ(solution.statistics->graph_forward, "the state is on the CPU");
  EXPECT_EQ(solution.statistics->graph_backward, "the state is on the CPU");
}

TEST(GraphRules, OffIsTheDefaultAndSaidFirst) {
  EXPECT_EQ(solve_plainly({Mlp().dynamics(), {wave({3, 4})}}, fixed_steps(0.25)).statistics->graph_forward, "graphs: off");
}

TEST(GraphRules, RequiredFailsWithTheReason) {
  auto options = fixed_steps(0.25);
  options.graphs = GraphKind::required;
  EXPECT_THAT(error_text(Status::unsupported, [&] { solve_plainly({Mlp().dynamics(), {wave({3, 4})}}, options); }),
              HasSubstr("graphs: required, but the state is on the CPU"));
}

TEST(GraphRules, AnUnknownChoiceIsRefused) {
  auto options = fixed_steps(0.25);
  options.graphs = static_cast<GraphKind>(3);
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { check(options); }), HasSubstr("graphs"));
}

TEST(GraphRules, CallbacksAreNotReplayedAndModulesAre) {
  EXPECT_THAT(Mlp().dynamics()->replay_obstacle(), HasSubstr("f is a callback"));
  const ModuleDynamics module(std::make_shared<torch::nn::LinearImpl>(2, 2), [](const at::Tensor&, const TensorList& z) { return z; });
  EXPECT_EQ(module.replay_obstacle(), "");
}

}  // namespace
}  // namespace neuralode::testing
