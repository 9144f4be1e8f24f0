#include "gradients/backprop.h"

#include <ATen/ATen.h>

#include "gradients/failure.h"
#include "gradients/per_sample/recorded_samples.h"
#include "gradients/recorded.h"

namespace neuralode {

Solution solve_backprop(const Problem& problem) {
  if (problem.options.per_sample) return solve_backprop_samples(problem);
  const auto landings = landings_of(problem.t0, problem.t1, problem.t_eval);
  const auto stepper = make_recorded(problem, landings);
  Solution solution{{}, std::make_shared<Statistics>(), std::make_shared<Outcome>(), nullptr};
  auto grid = std::make_shared<Grid>();
  grid->end = landings.t0;
  const bool complete = succeeds(problem.options, *solution.outcome, [&] {
    stepper->start();
    drive(*stepper, landings.t0, landings.times, problem.options.steps, *grid);
  });
  solution.outcome->reached = grid->end;
  solution.statistics->steps_accepted = static_cast<std::int64_t>(grid->steps.size());
  solution.statistics->steps_rejected = grid->rejected;
  solution.statistics->nfe_forward = stepper->evaluations();
  const auto work = stepper->work();
  solution.statistics->newton_iterations = work.newton_iterations;
  solution.statistics->newton_failures = work.newton_failures;
  solution.statistics->jacobian_products = work.jacobian_products;
  solution.grid = std::move(grid);
  solution.states = stepper->outputs();
  if (!complete)
    for (auto& state : solution.states) state = state.detach().clone();
  return solution;
}

}  // namespace neuralode
