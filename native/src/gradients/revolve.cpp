#include "gradients/revolve.h"

#include <algorithm>
#include <cstddef>

namespace neuralode {
namespace {

/// r and b(c, r - 1) of revolve.h for a stretch of `length` >= 1 steps. c: at least 2, or the search for r takes `length` rounds.
struct Binomial {
  Binomial(std::int64_t length, std::int64_t free_slots) : c(std::min(free_slots, length) + 1) {  // more slots than steps change nothing
    for (std::int64_t at = 1; at < length; at = at * (c + r) / r) {
      below = at;
      ++r;
    }
  }
  std::int64_t c, r = 0, below = 0;
};

/// R(length, free_slots) of revolve.h.
std::int64_t reversal_cost(std::int64_t length, std::int64_t free_slots) {
  if (length <= 1) return 0;
  if (free_slots == 0) return length * (length - 1) / 2;
  const Binomial of(length, free_slots);
  // b(c + 1, r - 1) = b(c, r - 1) (c + r) / (c + 1)
  return of.r * length - of.below * (of.c + of.r) / (of.c + 1);
}

/// Index of the first cheapest state to be without, in a sweep through `steps` steps whose states `candidates` are one more than slots.
std::size_t cheapest_to_drop(const std::vector<std::int64_t>& candidates, std::int64_t steps) {
  const std::size_t count = candidates.size();
  const auto place = [&](std::size_t i) { return i == 0 ? 0 : i <= count ? candidates[i - 1] : steps; };  // x_0 before, the end behind
  // The stretch from place i to place j; `stored` of the slots are taken when it is undone.
  const auto cost = [&](std::size_t i, std::size_t j, std::size_t stored) {
    return reversal_cost(place(j) - place(i), static_cast<std::int64_t>(count - 1 - stored));
  };
  std::int64_t before = 0, behind = 0;  // stretches that end before the two to be joined, and those that begin behind them
  for (std::size_t i = 2; i <= count; ++i) behind += cost(i, i + 1, i - 1);
  std::size_t cheapest = 1;
  std::int64_t least = cost(0, 2, 0) + behind;
  for (std::size_t i = 2; i <= count; ++i) {
    before += cost(i - 2, i - 1, i - 2);
    behind -= cost(i, i + 1, i - 1);
    const std::int64_t total = before + cost(i - 1, i + 1, i - 1) + behind;
    if (total < least) {
      least = total;
      cheapest = i;
    }
  }
  return cheapest - 1;
}

}  // namespace

std::int64_t fewest_recomputed(std::int64_t steps, std::int64_t checkpoints) { return reversal_cost(steps + 1, checkpoints) - steps; }

std::int64_t next_checkpoint(std::int64_t first, std::int64_t last, std::int64_t free_slots) {
  const std::int64_t length = last - first;
  if (length <= 1 || free_slots == 0) return -1;
  const Binomial of(length, free_slots);
  // Optimal is every m in [b(c, r - 2), b(c, r - 1)] with length - m in [b(c - 1, r - 1), b(c - 1, r)]: there the slopes of R on both sides
  // of m balance. The largest is taken. b(c - 1, r - 1) = b(c, r - 1) c / (c + r - 1)
  return first + std::min(of.below, length - of.below * of.c / (of.c + of.r - 1));
}

std::vector<std::int64_t> kept_in_forward_sweep(std::int64_t steps, std::int64_t checkpoints) {
  std::vector<std::int64_t> kept;
  std::int64_t at = 0;
  for (std::int64_t free_slots = checkpoints; free_slots > 0; --free_slots) {
    at = next_checkpoint(at, steps + 1, free_slots);
    if (at == -1 || at == steps) break;  // x_N is of no use
    kept.push_back(at);
  }
  return kept;
}

OnlineCheckpoints::Decision OnlineCheckpoints::before_step(std::int64_t n) {
  if (checkpoints_ == 0) return {false, -1};
  kept_.push_back(n);
  if (kept_.size() <= static_cast<std::size_t>(checkpoints_)) return {true, -1};
  const auto dropped = kept_.begin() + static_cast<std::ptrdiff_t>(cheapest_to_drop(kept_, n + 1));
  const std::int64_t step = *dropped;
  kept_.erase(dropped);
  return step == n ? Decision{false, -1} : Decision{true, step};
}

}  // namespace neuralode
