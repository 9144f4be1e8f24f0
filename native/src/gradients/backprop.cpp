#include "gradients/backprop.h"

#include <ATen/ATen.h>

#include "gradients/failure.h"
#include "gradients/recorded.h"

namespace neuralode {

Solution solve_backprop(const Problem& problem) {
  auto landings = landings_of(problem.t0, problem.t1, problem.t_eval, problem.options.dense_output);
  const auto stepper = make_recorded(problem, landings);
  Solution solution{{}, std::make_shared<Statistics>(), std::make_shared<Outcome>(), nullptr};
  auto grid = std::make_shared<Grid>();
  grid->end = landings.t0;
  const bool complete = succeeds(problem.options, *solution.outcome, [&] {
    stepper->start();
    Passing passing(landings);
    drive(*stepper, landings.t0, landings.times, problem.options.steps, *grid, [&](const Grid& steps) {
      passing.step(steps, [&](const auto& entry) { stepper->pass(entry); });
      return true;
    });
  });
  solution.outcome->reached = grid->end;
  solution.statistics->steps_accepted = static_cast<std::int64_t>(grid->steps.size());
  solution.statistics->steps_rejected = grid->rejected;
  solution.statistics->nfe_forward = stepper->evaluations();
  solution.grid = std::move(grid);
  solution.states = stepper->outputs();
  if (!complete)
    for (auto& state : solution.states) state = state.detach().clone();
  return solution;
}

}  // namespace neuralode
