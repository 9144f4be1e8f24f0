#include "tensors/random_replay.h"

#include <gtest/gtest.h>

#include "support/expect.h"

namespace neuralode::testing {
namespace {

at::Tensor state() { return at::globalContext().defaultGenerator(at::kCPU).get_state(); }

/// A forward sweep in which the evaluations of `random` draw.
TensorList sweep(RandomReplay& replay, int count, int first_random = 0) {
  TensorList drawn;
  for (int i = 0; i < count; ++i) {
    replay.before(i);
    if (i >= first_random) drawn.push_back(at::rand({5}));
    replay.after(i);
  }
  replay.finish();
  return drawn;
}

TEST(RandomReplay, LeavesTheGeneratorAloneWhenNothingIsDrawn) {
  torch::manual_seed(1);
  const auto before = state();
  RandomReplay replay(at::kCPU);
  sweep(replay, 5, 5);
  const RandomReplay::Scope scope(replay);
  replay.replay(3);
  EXPECT_TRUE(identical(state(), before));
}

TEST(RandomReplay, RepeatsEveryEvaluationInAnyOrder) {
  for (const int first : {0, 1, 3}) {
    torch::manual_seed(2);
    RandomReplay replay(at::kCPU);
    const auto drawn = sweep(replay, 6, first);
    const RandomReplay::Scope scope(replay);
    for (const int i : {5, 3, 4, 4}) {
      replay.replay(i);
      EXPECT_TRUE(identical(at::rand({5}), drawn[static_cast<std::size_t>(i - first)])) << first << ' ' << i;
    }
  }
}

TEST(RandomReplay, NoTwoEvaluationsDrawTheSame) {
  torch::manual_seed(3);
  RandomReplay replay(at::kCPU);
  const auto drawn = sweep(replay, 20);
  for (std::size_t i = 0; i < drawn.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(drawn[i].equal(drawn[j]));
}

TEST(RandomReplay, TheScopePutsTheGeneratorBack) {
  torch::manual_seed(4);
  RandomReplay replay(at::kCPU);
  sweep(replay, 3);
  at::rand({3});
  const auto before = state();
  {
    const RandomReplay::Scope scope(replay);
    replay.replay(1);
    at::rand({100});
  }
  EXPECT_TRUE(identical(state(), before));
}

TEST(RandomReplay, DependsOnTheSeedAndOnWhatWasDrawnBefore) {
  const auto drawn = [](std::uint64_t seed, int before) {
    torch::manual_seed(seed);
    if (before > 0) at::rand({before});
    RandomReplay replay(at::kCPU);
    return sweep(replay, 2)[1];
  };
  EXPECT_TRUE(identical(drawn(1, 0), drawn(1, 0)));
  EXPECT_FALSE(drawn(1, 0).equal(drawn(2, 0)));
  EXPECT_FALSE(drawn(1, 0).equal(drawn(1, 3)));
}

TEST(RandomReplay, SuccessiveSweepsDrawDifferently) {
  torch::manual_seed(6);
  RandomReplay first(at::kCPU), second(at::kCPU);
  EXPECT_FALSE(sweep(first, 3)[1].equal(sweep(second, 3)[1]));
}

TEST(RandomReplay, NormalDrawsOfOneNumberAreRepeatedToo) {
  // libtorch keeps the second of a pair of normal numbers for the next draw.
  torch::manual_seed(7);
  RandomReplay replay(at::kCPU);
  TensorList drawn;
  for (int i = 0; i < 4; ++i) {
    replay.before(i);
    drawn.push_back(at::randn({1}));
    replay.after(i);
  }
  replay.finish();
  const RandomReplay::Scope scope(replay);
  for (int i = 3; i >= 0; --i) {
    replay.replay(i);
    EXPECT_TRUE(identical(at::randn({1}), drawn[static_cast<std::size_t>(i)])) << i;
  }
}

TEST(RandomReplay, ASecondHalfOfANormalPairCountsAsADraw) {
  torch::manual_seed(8);
  at::randn({1});  // leaves the other half behind
  RandomReplay replay(at::kCPU);
  replay.before(0);
  const auto drawn = at::randn({1});
  replay.after(0);
  replay.finish();
  const RandomReplay::Scope scope(replay);
  replay.replay(0);
  EXPECT_TRUE(identical(at::randn({1}), drawn));
}

}  // namespace
}  // namespace neuralode::testing
