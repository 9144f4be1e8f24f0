// Binomial checkpointing against dynamic programming, against every schedule there is, and carried out.
#include "gradients/revolve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <tuple>

namespace neuralode::testing {
namespace {

using Steps = std::vector<std::int64_t>;

/// What a reverse sweep did.
struct Tally {
  std::int64_t advances = 0;
  std::size_t most_kept = 0;  ///< besides x_0
  Steps differentiated;
};

/// A reverse sweep as the solver makes it: a stack of known states, x_0 at the bottom, of which the top is where work goes on.
Tally undo(std::int64_t steps, const Steps& kept, std::int64_t checkpoints) {
  Tally tally;
  Steps known{0};
  known.insert(known.end(), kept.begin(), kept.end());
  for (std::int64_t last = steps; last > 0;) {
    tally.most_kept = std::max(tally.most_kept, known.size() - 1);
    if (known.back() == last) {
      known.pop_back();
      continue;
    }
    const auto free_slots = checkpoints - static_cast<std::int64_t>(known.size() - 1);
    const auto next = next_checkpoint(known.back(), last, free_slots);
    const auto target = next == -1 ? last - 1 : next;
    tally.advances += target - known.back();
    if (next == -1)
      tally.differentiated.push_back(--last);
    else
      known.push_back(next);
  }
  return tally;
}

/// The recursions for R and P in revolve.h, by minimisation.
struct DynamicProgram {
  DynamicProgram(std::size_t steps, std::size_t checkpoints)
      : stretch(checkpoints + 1, std::vector<std::int64_t>(steps + 1)), sweep(stretch) {
    for (std::size_t s = 0; s <= checkpoints; ++s)
      for (std::size_t n = 2; n <= steps; ++n) {
        stretch[s][n] = sweep[s][n] = static_cast<std::int64_t>(n * (n - 1) / 2);
        for (std::size_t m = 1; s > 0 && m < n; ++m) {
          stretch[s][n] = std::min(stretch[s][n], static_cast<std::int64_t>(m) + stretch[s - 1][n - m] + stretch[s][m]);
          sweep[s][n] = std::min(sweep[s][n], sweep[s - 1][n - m] + stretch[s][m]);
        }
      }
  }
  std::vector<std::vector<std::int64_t>> stretch, sweep;  // [checkpoints][steps]
};

/// Cheapest of all ways to undo `steps` steps: shortest path over (kept states as bits, state at work, next step to differentiate), where a
/// state can be loaded, stored, dropped and advanced, and step n is differentiated when x_n is at work.
std::int64_t cheapest_of_all_schedules(std::int64_t steps, std::size_t checkpoints) {
  using State = std::tuple<unsigned, std::int64_t, std::int64_t>;
  const auto count = [](unsigned kept) {
    std::size_t ones = 0;
    for (; kept; kept &= kept - 1) ++ones;
    return ones;
  };
  std::deque<std::pair<std::int64_t, State>> open;
  for (unsigned kept = 0; kept < 1u << steps; kept += 2)  // bit n: x_n; bit 0 is always known
    if (count(kept) <= checkpoints) open.push_back({0, {kept, steps, steps - 1}});
  std::set<State> done;
  while (true) {
    const auto [cost, state] = open.front();
    const auto [kept, work, next] = state;
    open.pop_front();
    if (!done.insert(state).second) continue;
    if (next < 0) return cost;
    if (work == next) open.push_front({cost, {kept, work, next - 1}});
    if (work < steps) open.push_back({cost + 1, {kept, work + 1, next}});
    open.push_front({cost, {kept, 0, next}});
    for (std::int64_t n = 1; n < steps; ++n) {
      const unsigned bit = 1u << n;
      if (kept & bit) open.push_front({cost, {kept, n, next}});
      if (kept & bit) open.push_front({cost, {kept & ~bit, work, next}});
      if (n == work && count(kept | bit) <= checkpoints) open.push_front({cost, {kept | bit, work, next}});
    }
  }
}

TEST(Revolve, ClosedFormEqualsDynamicProgramming) {
  const DynamicProgram table(200, 12);
  for (std::int64_t s = 0; s <= 12; ++s)
    for (std::int64_t n = 0; n <= 200; ++n)
      ASSERT_EQ(fewest_recomputed(n, s), table.sweep[static_cast<std::size_t>(s)][static_cast<std::size_t>(n)]) << n << " steps, " << s;
}

TEST(Revolve, NoScheduleWhateverIsCheaper) {
  for (std::int64_t s = 0; s <= 4; ++s)
    for (std::int64_t n = 1; n <= 8; ++n)
      ASSERT_EQ(fewest_recomputed(n, s), cheapest_of_all_schedules(n, static_cast<std::size_t>(s))) << n << " steps, " << s;
}

TEST(Revolve, ReverseSweepMakesExactlyTheFewestStepsAgainWithinItsCheckpoints) {
  for (std::int64_t s = 0; s <= 8; ++s)
    for (std::int64_t n = 0; n <= 120; ++n) {
      const auto tally = undo(n, kept_in_forward_sweep(n, s), s);
      ASSERT_EQ(tally.advances, fewest_recomputed(n, s)) << n << " steps, " << s;
      ASSERT_LE(tally.most_kept, static_cast<std::size_t>(s)) << n << " steps, " << s;
      Steps all;
      for (auto step = n; step-- > 0;) all.push_back(step);
      ASSERT_EQ(tally.differentiated, all) << n << " steps, " << s;
    }
}

TEST(Revolve, KeptStatesAscendStrictlyBetweenTheEnds) {
  for (std::int64_t s = 0; s <= 8; ++s)
    for (std::int64_t n = 0; n <= 120; ++n) {
      const auto kept = kept_in_forward_sweep(n, s);
      ASSERT_LE(kept.size(), static_cast<std::size_t>(s));
      std::int64_t previous = 0;
      for (const auto step : kept) {
        ASSERT_GT(step, previous);
        ASSERT_LT(step, n);
        previous = step;
      }
    }
}

TEST(Revolve, WithoutCheckpointsEveryStepStartsFromTheBeginning) {
  for (std::int64_t n : {0, 1, 2, 3, 10, 1000}) {
    EXPECT_EQ(fewest_recomputed(n, 0), n * (n - 1) / 2);
    EXPECT_TRUE(kept_in_forward_sweep(n, 0).empty());
  }
  EXPECT_EQ(next_checkpoint(3, 9, 0), -1);
}

TEST(Revolve, AsManyCheckpointsAsInnerStatesMakeNothingAgain) {
  for (std::int64_t n : {0, 1, 2, 3, 10, 1000}) {
    const auto enough = std::max<std::int64_t>(n - 1, 0);
    EXPECT_EQ(fewest_recomputed(n, enough), 0);
    EXPECT_EQ(fewest_recomputed(n, enough + 5), 0);
    EXPECT_EQ(kept_in_forward_sweep(n, enough + 5).size(), static_cast<std::size_t>(enough));
  }
  EXPECT_EQ(fewest_recomputed(10, 8), 1);
}

TEST(Revolve, NoStepOrOneNeedsNoCheckpoint) {
  for (std::int64_t s : {0, 1, 5}) {
    EXPECT_EQ(next_checkpoint(4, 4, s), -1);
    EXPECT_EQ(next_checkpoint(4, 5, s), -1);
    EXPECT_TRUE(kept_in_forward_sweep(0, s).empty());
    EXPECT_TRUE(kept_in_forward_sweep(1, s).empty());
  }
}

TEST(Revolve, AMillionStepsAreUndoneAtTheOptimum) {
  constexpr std::int64_t n = 1000000;
  for (std::int64_t s : {1, 2, 10, 1000, 600000, 2000000}) {
    const auto tally = undo(n, kept_in_forward_sweep(n, s), s);
    EXPECT_EQ(tally.advances, fewest_recomputed(n, s)) << s;
    EXPECT_LE(tally.most_kept, static_cast<std::size_t>(s));
  }
}

TEST(Revolve, TheLongestSweepDoesNotOverflow) {
  constexpr std::int64_t n = 2147483647;
  EXPECT_EQ(fewest_recomputed(n, 0), n * (n - 1) / 2);
  EXPECT_EQ(fewest_recomputed(n, n - 1), 0);
  EXPECT_EQ(fewest_recomputed(n, n - 2), 1);
  // r = 2 from C(S + 2, 1) < N + 1 to C(S + 3, 2): N + 2 - C(S + 3, S + 2) = N - S - 1
  EXPECT_EQ(fewest_recomputed(n, n / 2), n - n / 2 - 1);
  const auto next = next_checkpoint(0, n, 1);
  EXPECT_GT(next, 0);
  EXPECT_LT(next, n);
}

/// Calls see(steps, kept) with what is kept if the sweep ends after `steps` steps, for 1 to most_steps. Checks the decisions on its way.
template <class See>
void sweep_online(std::int64_t most_steps, std::int64_t checkpoints, const See& see) {
  OnlineCheckpoints online(checkpoints);
  std::set<std::int64_t> kept;
  see(1, Steps{});
  for (std::int64_t n = 1; n < most_steps; ++n) {
    const auto decision = online.before_step(n);
    ASSERT_EQ(kept.erase(decision.drop), decision.drop == -1 ? 0u : 1u);
    if (decision.keep) kept.insert(n);
    ASSERT_LE(kept.size(), static_cast<std::size_t>(checkpoints));
    ASSERT_EQ(Steps(kept.begin(), kept.end()), online.kept());
    see(n + 1, online.kept());
  }
}

TEST(OnlineCheckpoints, AreNearTheOptimumWheneverTheSweepEnds) {
  for (std::int64_t s = 1; s <= 10; ++s) {
    // The numbers of revolve.h, measured; everything is integer arithmetic, the same everywhere.
    const double bound = s == 1 ? 1.218 : s == 2 ? 1.1 : 1.08;
    sweep_online(300, s, [&](std::int64_t n, const Steps& kept) {
      const auto tally = undo(n, kept, s);
      ASSERT_LE(static_cast<double>(tally.advances), bound * static_cast<double>(fewest_recomputed(n, s)) + 1e-9) << n << " steps, " << s;
      ASSERT_LE(tally.most_kept, static_cast<std::size_t>(s));
    });
  }
}

TEST(OnlineCheckpoints, AreOptimalWhileNoStepNeedBeMadeAgainTwice) {
  for (std::int64_t s = 1; s <= 10; ++s)
    sweep_online((s + 3) * (s + 2) / 2 - 1, s, [&](std::int64_t n, const Steps& kept) {
      ASSERT_EQ(undo(n, kept, s).advances, fewest_recomputed(n, s)) << n << " steps, " << s;
    });
}

TEST(OnlineCheckpoints, WithoutSlotsNothingIsKept) {
  sweep_online(20, 0, [](std::int64_t, const Steps& kept) { ASSERT_TRUE(kept.empty()); });
}

}  // namespace
}  // namespace neuralode::testing
