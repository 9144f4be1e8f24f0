#include "gradients/checkpoints.h"

#include <set>

#include "gradients/revolve.h"

namespace neuralode {

namespace {

class Never final : public KeepPolicy {
 public:
  Decision before_step(std::int64_t, double) override { return {}; }
};

class Always final : public KeepPolicy {
 public:
  /// start: whether that of the first step, z0, is kept too.
  explicit Always(bool start = false) : start_(start) {}
  Decision before_step(std::int64_t step, double) override { return {start_ || step > 0, -1}; }

 private:
  bool start_;
};

/// Where errors of a reverse sweep would grow too much: MALI.
class Scheduled final : public KeepPolicy {
 public:
  explicit Scheduled(SnapshotSchedule schedule) : schedule_(schedule) {}
  Decision before_step(std::int64_t, double h) override { return {schedule_.due(h), -1}; }

 private:
  SnapshotSchedule schedule_;
};

/// Known beforehand: a fixed grid.
class Planned final : public KeepPolicy {
 public:
  explicit Planned(const std::vector<std::int64_t>& steps) : steps_(steps.begin(), steps.end()) {}
  Decision before_step(std::int64_t step, double) override { return {steps_.count(step) > 0, -1}; }

 private:
  std::set<std::int64_t> steps_;
};

/// For as many steps as come: an adaptive grid.
class Online final : public KeepPolicy {
 public:
  explicit Online(std::int64_t checkpoints) : checkpoints_(checkpoints) {}
  Decision before_step(std::int64_t step, double) override {
    if (step == 0) return {};
    const auto decision = checkpoints_.before_step(step);
    return {decision.keep, decision.drop};
  }

 private:
  OnlineCheckpoints checkpoints_;
};

std::int64_t steps_of_fixed_grid(const Sweep& sweep) {
  double start = sweep.landings.t0, steps = 0;
  for (const double landing : sweep.landings.times) {
    steps += fixed_step_count(start, landing, sweep.options.steps.step_size);
    start = landing;
  }
  return static_cast<std::int64_t>(std::min(steps, static_cast<double>(sweep.options.steps.max_steps)));
}

}  // namespace

std::unique_ptr<KeepPolicy> keep_policy(const Sweep& sweep, const Solver& solver) {
  const auto& options = sweep.options;
  if (!sweep.differentiable) return std::make_unique<Never>();
  switch (options.gradient) {
    case GradientKind::mali:
      return std::make_unique<Scheduled>(sweep.schedule(solver));
    case GradientKind::aca:
      return std::make_unique<Always>();
    case GradientKind::pnode:
      if (options.checkpoints == 0) return std::make_unique<Always>(/*start=*/options.checkpoint_stages);
      if (options.steps.step_size == 0) return std::make_unique<Online>(options.checkpoints);
      return std::make_unique<Planned>(kept_in_forward_sweep(steps_of_fixed_grid(sweep), options.checkpoints));
    default:
      return std::make_unique<Never>();
  }
}

}  // namespace neuralode
