// Which states to keep for a reverse sweep that has room for a few: binomial checkpointing.
// Sources: Griewank & Walther 2000 (revolve, ACM TOMS algorithm 799); Zhang & Zhao 2022 (PNODE); Hinze & Sternberg 2005 (a-revolve).
//
// The problem. A forward sweep makes steps 0..N-1 through states x_0, x_1, ..., x_N. The reverse sweep differentiates step N-1, then N-2,
// ..., then 0, and needs x_n to differentiate step n. x_0 is always there; at most S other states, the checkpoints, are kept at once,
// besides the one state that is being worked on. The forward sweep stores on its way at no cost and ends with x_N at work. In the reverse
// sweep, making a step again to get from x_n to x_{n+1} costs 1; the differentiation itself is not counted.
//
// The optimum. Let b(c, r) = C(c + r, c), and 0 for r < 0. Let R(l, s) be the cost of undoing l steps whose start is known and at work,
// with s slots free, and P(N, S) that of a reverse sweep after its forward sweep. With m the first checkpoint,
//   R(l, s) = min over 0 < m < l of m + R(l - m, s - 1) + R(m, s),   R(l, 0) = l (l - 1) / 2,   R(1, s) = 0;
//   P(N, S) = min over 0 < m < N of     P(N - m, S - 1) + R(m, S),   P(N, 0) = N (N - 1) / 2,   P(1, S) = 0.
// R is Griewank & Walther's recursion for c = s + 1 checkpoints, the stretch's start being one of theirs:
//   R(l, s) = r l - b(c + 1, r - 1)   where r is least with l <= b(c, r), so that b(c, r - 1) < l.
// For P, add a step N that is differentiated from x_N, which the forward sweep ends with, at no cost: the N advances of the forward sweep
// are then those that R(N + 1, S) counts first. Hence P(N, S) = R(N + 1, S) - N, which also satisfies the recursion for P term by term:
//   P(N, S) = (r - 1) N + r - C(S + r + 1, S + 2)   where r is least with N + 1 <= C(S + 1 + r, r).
// No step is made again more than r - 1 times. PNODE's p~(N_t, N_c) = (t - 1) N_t - C(N_c + t, t - 1) + 1 is this for N_t = N + 1 and
// N_c = S + 1: as if x_0 took a slot and the last step were at hand when the forward sweep ends.
//
// Everywhere 0 <= steps < 2^31, checkpoints >= 0. Nothing is tabulated: time O(r) a call, r <= sqrt(2 steps) + 1 where a slot is free.
#pragma once

#include <cstdint>
#include <vector>

namespace neuralode {

/// Which states a forward sweep of known length keeps for the optimum: step numbers in (0, steps), ascending, at most `checkpoints`.
std::vector<std::int64_t> kept_in_forward_sweep(std::int64_t steps, std::int64_t checkpoints);

/// P(steps, checkpoints): fewest steps that the reverse sweep must make again.
std::int64_t fewest_recomputed(std::int64_t steps, std::int64_t checkpoints);

/// Undoing steps [first, last) from x_first with `free_slots` slots: the state in (first, last) to advance to and to store, such that doing
/// the same with both parts costs R(last - first, free_slots). -1: none, advance to x_{last - 1} and differentiate step last - 1.
std::int64_t next_checkpoint(std::int64_t first, std::int64_t last, std::int64_t free_slots);

/// Which states to keep while the number of steps is unknown, as with adaptive steps.
///
/// a-revolve's idea with the exact cost: when all slots are taken, the state is dropped without which a sweep that ended after this step
/// would be cheapest to undo, the earliest among equals; the new state may be that one. Whenever the sweep ends, the reverse sweep undoes
/// stretch after stretch from the last, with next_checkpoint and the slots that are free by then. Measured against fewest_recomputed for
/// all N <= 300 and S = 1..10: the optimum up to N = C(S + 3, 2) - 1, while no step need be made again twice (the range of Stumm & Walther
/// 2010, first algorithm); at worst 28 steps for 23, a factor of 1.218 (S = 1, N = 13); 1.1 for S = 2; at most 1.08 for S >= 3. No bound is
/// proven for all N.
class OnlineCheckpoints {
 public:
  explicit OnlineCheckpoints(std::int64_t checkpoints) : checkpoints_(checkpoints) {}

  struct Decision {
    bool keep;          ///< whether to keep the state before the step
    std::int64_t drop;  ///< the kept state whose slot it gets, or -1
  };
  /// Called before each of the steps n = 1, 2, ... in turn, once a step that is accepted. Time O(checkpoints r).
  Decision before_step(std::int64_t n);

  /// What is kept now, ascending.
  const std::vector<std::int64_t>& kept() const { return kept_; }

 private:
  std::int64_t checkpoints_;
  std::vector<std::int64_t> kept_;
};

}  // namespace neuralode
