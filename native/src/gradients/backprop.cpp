#include "gradients/backprop.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <optional>

#include "gradients/event_gradient.h"
#include "gradients/event_search.h"
#include "gradients/failure.h"
#include "gradients/per_sample/recorded_samples.h"
#include "gradients/recorded.h"
#include "gradients/snapshots.h"

namespace neuralode {

namespace {

class Recording {
 public:
  Recording(const Problem& problem, const Observer* observer)
      : problem_(problem),
        observer_(observer),
        finds_event_(observer != nullptr && observer->event),
        landings_(landings_of(problem.t0, problem.t1, problem.t_eval, problem.options.dense_output)),
        epsilon_(epsilon_of(problem.z0[0].scalar_type())) {
    if (finds_event_) landings_.add_end();
    stepper_ = make_recorded(problem, landings_, problem.options.dense_output || finds_event_);
    grid_->end = landings_.t0;
  }

  ObservedSolution run() {
    Solution solution{{}, std::make_shared<Statistics>(), std::make_shared<Outcome>(), grid_};
    const bool complete = succeeds(problem_.options, *solution.outcome, [&] { sweep(); });
    solution.outcome->reached = grid_->end;
    solution.statistics->steps_accepted = static_cast<std::int64_t>(grid_->steps.size());
    solution.statistics->steps_rejected = grid_->rejected;
    solution.statistics->nfe_forward = stepper_->evaluations();
    const auto work = stepper_->work();
    solution.statistics->newton_iterations = work.newton_iterations;
    solution.statistics->newton_failures = work.newton_failures;
    solution.statistics->jacobian_products = work.jacobian_products;
    solution.states = stepper_->outputs();
    if (!complete)
      for (auto& state : solution.states) state = state.detach().clone();
    if (complete && event_) {
      auto end_time = derivative(solution.states);
      return through_event(problem_, *observer_, std::move(solution), grid_->end, std::move(end_time));
    }
    if (finds_event_) drop_end(problem_, solution.states);
    return {std::move(solution), {}};
  }

 private:
  void sweep() {
    stepper_->start();
    const auto z = [this] { return stepper_->z(); };
    Passing passing(landings_);
    std::optional<EventSearch> search;
    if (finds_event_) search.emplace(*observer_, *stepper_, z, epsilon_).start(landings_.t0, z());
    const auto times = landings_.times;  // an event changes them
    drive(*stepper_, landings_.t0, times, problem_.options.steps, *grid_, [&](Grid& grid) {
      event_ = search && search->step(grid, [this](double t) { return end_on_event(t); });
      passing.step(grid, [&](const auto& entry) { stepper_->pass(entry); });
      if (observer_ != nullptr) {
        if (!event_ && grid.steps.back().landing >= 0)
          stepper_->land(grid.steps.back().landing);  // what a callback that stops leaves is whole
        tell_step(*observer_, grid, z);
      }
      return !event_;
    });
    if (event_) stepper_->land(static_cast<std::int64_t>(landings_.times.size()) - 1);
  }

  /// The last step is recorded as a function of its end, where somebody may ask for derivatives.
  std::int64_t end_on_event(double t) {
    const auto inputs = differentiable_parameters(*problem_.dynamics);
    const bool wanted = at::GradMode::is_enabled() && (!inputs.empty() || problem_.t0.requires_grad() || stepper_->requires_grad() ||
                                                       has_graph_of_its_own(*observer_, t, stepper_->z()));
    end_ = at::scalar_tensor(t, at::kDouble).requires_grad_(wanted);
    stepper_->end_at(end_);
    landings_.end_at(t);
    return static_cast<std::int64_t>(landings_.times.size()) - 1;
  }

  EndTimeDerivative derivative(const TensorList& states) const {
    return [states, end = end_](const TensorList& cotangents) {
      TensorList outputs, given;
      for (std::size_t i = 0; i < states.size(); ++i) {
        if (!cotangents[i].defined()) continue;
        outputs.push_back(states[i]);
        given.push_back(cotangents[i]);
      }
      const auto result =
          torch::autograd::grad(outputs, {end}, given, /*retain_graph=*/true, /*create_graph=*/false, /*allow_unused=*/true)[0];
      return result.defined() ? result.item<double>() : 0;
    };
  }

  const Problem& problem_;
  const Observer* observer_;
  bool finds_event_, event_ = false;
  Landings landings_;
  double epsilon_;
  std::unique_ptr<RecordedStepper> stepper_;
  std::shared_ptr<Grid> grid_ = std::make_shared<Grid>();
  at::Tensor end_;
};

}  // namespace

ObservedSolution solve_backprop(const Problem& problem, const Observer* observer) {
  if (problem.options.per_sample) return {solve_backprop_samples(problem), {}};
  return Recording(problem, observer).run();
}

}  // namespace neuralode
