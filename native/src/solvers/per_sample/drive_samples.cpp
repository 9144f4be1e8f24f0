#include "solvers/per_sample/drive_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "core/error.h"

namespace neuralode {

namespace {

/// One sample on its way.
struct Traveller {
  StepController controller;
  double suggested = 0, tried = 0;
  std::size_t landing = 0;
};

class DriveSamples {
 public:
  DriveSamples(SampleStepper& stepper, double t0, const std::vector<double>& landings, const StepSizeOptions& options, Grid& grid)
      : stepper_(stepper), landings_(landings), options_(options), grid_(grid), direction_(landings.back() < t0 ? -1 : 1), end_(t0) {
    const auto batch = static_cast<std::size_t>(stepper.batch());
    grid_.end = t0;
    grid_.samples.assign(batch, {t0, 0, 0});
    travellers_.assign(batch, {StepController(options.controller, stepper.error_order())});
  }

  void run() {
    std::vector<std::int64_t> everybody;
    for (std::size_t b = 0; b < travellers_.size(); ++b) everybody.push_back(static_cast<std::int64_t>(b));
    if (landings_.back() == end_) {  // t1 == t0, the only landing time
      stepper_.land(0, everybody);
      return;
    }
    if (everybody.empty()) grid_.end = landings_.back();  // an empty batch has nobody to wait for
    choose_first_steps();
    while (std::any_of(travellers_.begin(), travellers_.end(), [&](const auto& traveller) { return !is_done(traveller); })) round();
  }

 private:
  bool is_done(const Traveller& traveller) const { return traveller.landing == landings_.size(); }

  void choose_first_steps() {
    const double span = std::abs(landings_.back() - end_);
    const auto chosen = options_.initial_step_size > 0 ? std::vector<double>(travellers_.size(), options_.initial_step_size)
                                                       : stepper_.initial_step_sizes(options_.rtol, options_.atol, span);
    for (std::size_t b = 0; b < travellers_.size(); ++b) travellers_[b].suggested = chosen[b];
  }

  void round() {
    SampleRound round;
    for (std::size_t b = 0; b < travellers_.size(); ++b) round.trials.push_back(trial_of(b));
    const auto evaluation = stepper_.attempt(round);
    const auto errors = stepper_.error_norms(options_.rtol, options_.atol);
    double longest = 0;
    for (std::size_t b = 0; b < travellers_.size(); ++b) {
      if (!is_done(travellers_[b])) judge(b, errors[b], round.trials[b]);
      if (round.trials[b].accepted) longest = std::max(longest, std::abs(round.trials[b].h));
    }
    if (longest > 0) accept(std::move(round), evaluation, direction_ * longest);
  }

  SampleTrial trial_of(std::size_t b) {
    auto& traveller = travellers_[b];
    const double t = grid_.samples[b].t;
    SampleTrial trial{t, 0, static_cast<std::int32_t>(traveller.landing), false, false};
    if (is_done(traveller)) return trial;
    const double remaining = std::abs(landings_[traveller.landing] - t);
    trial.lands = traveller.suggested >= remaining * (1 - 1e-3);  // no sliver of a step before a landing
    traveller.tried = trial.lands ? remaining : traveller.suggested;
    trial.h = direction_ * traveller.tried;
    check_resolvable(b, remaining);
    if (trials_of(b) >= options_.max_steps) limit(b);
    return trial;
  }

  void judge(std::size_t b, double error, SampleTrial& trial) {
    auto& traveller = travellers_[b];
    const double next = traveller.tried * traveller.controller.factor(error);
    trial.accepted = error <= 1;
    if (!trial.accepted) {
      traveller.suggested = next;
      grid_.samples[b].rejected += 1;
      if (!std::isfinite(error)) {
        trial.h = 0;
        trial.lands = false;
      }
      return;
    }
    traveller.suggested =
        trial.lands ? std::max(traveller.suggested, next) : next;  // a step cut short by a landing says nothing against longer ones
    traveller.landing += trial.lands ? 1 : 0;
    grid_.samples[b].accepted += 1;
  }

  void accept(SampleRound round, std::int64_t evaluation, double longest) {
    round.closing = std::any_of(travellers_.begin(), travellers_.end(), [&](const auto& traveller) { return !is_done(traveller); });
    const auto shared = std::make_shared<const SampleRound>(std::move(round));
    stepper_.accept(*shared);
    grid_.steps.push_back({end_, longest, evaluation, -1, -1, end_, shared});
    end_ += longest;
    std::map<std::int64_t, std::vector<std::int64_t>> landed;
    for (std::size_t b = 0; b < travellers_.size(); ++b) {
      const auto& trial = shared->trials[b];
      if (!trial.accepted) continue;
      grid_.samples[b].t = trial.lands ? landings_[static_cast<std::size_t>(trial.landing)] : trial.t + trial.h;
      if (trial.lands) landed[trial.landing].push_back(static_cast<std::int64_t>(b));
    }
    for (const auto& [index, samples] : landed) stepper_.land(index, samples);
    const auto earlier = [&](const auto& left, const auto& right) { return direction_ * left.t < direction_ * right.t; };
    grid_.end = std::min_element(grid_.samples.begin(), grid_.samples.end(), earlier)->t;
  }

  std::int64_t trials_of(std::size_t b) const { return grid_.samples[b].accepted + grid_.samples[b].rejected; }

  void check_resolvable(std::size_t b, double remaining) const {
    const auto& [t, accepted, rejected] = grid_.samples[b];
    const double length = travellers_[b].tried;
    const double smallest = smallest_step(t, remaining);
    if (length >= smallest || length >= remaining) return;
    if (accepted + rejected > 0) stepper_.require_finite(b, accepted + 1);
    fail(Status::step_size_underflow, "step-size underflow of sample ", b, " at t = ", t, ", step ", accepted + 1,
         ": the tolerances rtol = ", options_.rtol, ", atol = ", options_.atol, " ask for a step of ", length,
         ", below what t can resolve; loosen them, or check f for a discontinuity or infinite values there");
  }

  [[noreturn]] void limit(std::size_t b) const {
    const auto& [t, accepted, rejected] = grid_.samples[b];
    fail(Status::step_limit, "max_steps: ", options_.max_steps, " steps are not enough for sample ", b, " (stopped at t = ", t, ", ",
         accepted, " accepted, ", rejected, " rejected); raise max_steps or use looser tolerances");
  }

  SampleStepper& stepper_;
  const std::vector<double>& landings_;
  const StepSizeOptions& options_;
  Grid& grid_;
  const double direction_;
  double end_;  ///< t0 and the longest lengths accepted so far
  std::vector<Traveller> travellers_;
};

}  // namespace

void drive_samples(SampleStepper& stepper, double t0, const std::vector<double>& landings, const StepSizeOptions& options, Grid& grid) {
  DriveSamples(stepper, t0, landings, options, grid).run();
}

}  // namespace neuralode
