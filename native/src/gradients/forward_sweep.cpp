#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "gradients/checkpoints.h"
#include "gradients/event_search.h"
#include "gradients/failure.h"
#include "gradients/graphs.h"
#include "gradients/per_sample/recorded_samples.h"
#include "gradients/sweep.h"
#include "gradients/trajectory.h"
#include "solvers/per_sample/sample_sweeps.h"

namespace neuralode {

namespace {

/// Lets the program's generator go on from a state that no evaluation used, also when f throws.
struct EndOfDraws {
  RandomReplay& random;
  ~EndOfDraws() { random.finish(); }
};

TensorList values_of(const std::vector<WatchedTensor>& tensors) {
  TensorList values;
  for (const auto& tensor : tensors) values.push_back(tensor.value());
  return values;
}

/// One forward sweep; what it reached stays readable when run() throws.
class Run {
 public:
  /// every_state: a failure must leave the last good state.
  Run(Sweep& sweep, const Observer* observer, bool every_state)
      : sweep_(sweep),
        observer_(observer),
        every_state_(every_state),
        solver_(sweep.solver()),
        z0_(values_of(sweep.z0)),
        by_value_(sweep.options.failure == FailureKind::value),
        trajectory_(sweep.landings, z0_, by_value_ || sweep.finds_event) {}

  void run() {
    const EndOfDraws end_of_draws{sweep_.random};
    const auto policy = keep_policy(sweep_, *solver_);
    std::int64_t step = 0;  // that comes next
    const auto before_step = [&](double h) {
      const auto decision = policy->before_step(step++, h);
      if (decision.drop >= 0) drop(static_cast<std::size_t>(decision.drop));
      return decision.keep;
    };
    const auto on_wanted = [&](const SolverState& state) { keep(static_cast<std::size_t>(step) - 1, state); };
    if (sweep_.options.per_sample)
      return run_samples([&](double h, const SolverState& state) {
        if (before_step(h)) on_wanted(state);
      });
    SweepObserver observer{before_step, on_wanted,
                           [&](std::int64_t landing, const SolverState& state) {
                             if (sweep_.landings.trajectory) trajectory_.write(landing, stepper_->z_of(state));
                           },
                           {}};
    if (sweep_.options.checkpoint_stages) observer.after_step = [&] { keep_stages(static_cast<std::size_t>(step) - 1); };
    sweep_.grid->end = sweep_.landings.t0;
    // Integers are stepped in place: after a failure there would be no good state left. States inside steps need both ends.
    SweepNeeds needs;
    needs.adaptive = sweep_.options.steps.step_size == 0;
    needs.keep = needs.adaptive || sweep_.options.dense_output || sweep_.finds_event || (by_value_ && solver_->exact());
    needs.every_state = every_state_ || needs.adaptive;
    stepper_ = solver_->stepper(*sweep_.dynamics, sweep_.random, sweep_.landings.t0, sweep_.landings.times.back(), z0_, needs,
                                std::move(observer));
    make_steps();
  }

  ForwardResult take() {
    auto& statistics = *sweep_.statistics;
    statistics.steps_accepted = static_cast<std::int64_t>(sweep_.grid->steps.size());
    statistics.steps_rejected = sweep_.grid->rejected;
    statistics.nfe_forward = stepper_ ? stepper_->evaluations() : samples_ ? samples_->evaluations() : 0;
    if (sweep_.options.per_sample) count_sample_steps(*sweep_.grid, statistics);
    statistics.snapshots = static_cast<std::int64_t>(sweep_.snapshots.size());
    const auto work = stepper_ ? stepper_->work() : ImplicitWork{};
    statistics.newton_iterations = work.newton_iterations;
    statistics.newton_failures = work.newton_failures;
    statistics.jacobian_products = work.jacobian_products;
    sweep_.outcome->reached = sweep_.grid->end;
    ForwardResult result;
    result.event = event_;
    result.before_event = std::move(before_event_);
    if (stepper_) result.end = std::move(stepper_->state());
    if (samples_) result.end = std::move(samples_->state());
    if (sweep_.landings.trajectory)
      result.states = trajectory_.take();
    else if (stepper_ || samples_)
      result.states = solver_->z_of(result.end);
    else
      for (const auto& z : z0_) result.states.push_back(z.clone());
    return result;
  }

 private:
  /// Until t1, an event, or a step callback that stops.
  void make_steps() {
    const auto z = [this] { return stepper_->z_of(stepper_->state()); };
    Passing passing(sweep_.landings);
    std::optional<EventSearch> search;
    if (sweep_.finds_event) search.emplace(*observer_, *stepper_, z, sweep_.epsilon).start(sweep_.landings.t0, z());
    const auto times = sweep_.landings.times;  // an event changes the sweep's
    drive(*stepper_, sweep_.landings.t0, times, sweep_.options.steps, *sweep_.grid, [&](Grid& grid) {
      event_ = search && search->step(grid, [this](double t) { return end_on_event(t); });
      passing.step(grid, [&](const auto& entry) { trajectory_.write_row(entry.row, stepper_->interpolated(entry.theta)); });
      if (observer_ != nullptr) {
        if (!event_ && grid.steps.back().landing >= 0)
          stepper_->land(grid.steps.back().landing);  // what a callback that stops leaves is whole
        tell_step(*observer_, grid, z);
      }
      return !event_;
    });
    if (event_) trajectory_.write(static_cast<std::int64_t>(sweep_.landings.times.size()) - 1, z());
  }

  std::int64_t end_on_event(double t) {
    before_event_ = copy_of(stepper_->state());
    sweep_.landings.end_at(t);
    return static_cast<std::int64_t>(sweep_.landings.times.size()) - 1;
  }

  /// Every sample at steps of its own.
  void run_samples(const std::function<void(double h, const SolverState& state)>& before_step) {
    const auto t0 = sweep_.grid->end = sweep_.landings.t0;
    SampleObserver observer{before_step, [&](std::int64_t landing, const std::vector<std::int64_t>& samples, const SolverState& state) {
                              if (sweep_.landings.trajectory) trajectory_.write(landing, state.z, samples);
                            }};
    samples_ = std::make_unique<SampleForward>(*sweep_.dynamics, sweep_.random, sweep_.choice(), t0, sweep_.landings.times.back(), z0_,
                                               std::move(observer));
    drive_samples(*samples_, t0, sweep_.landings.times, sweep_.options.steps, *sweep_.grid);
  }

  void keep(std::size_t step, const SolverState& state) {
    sweep_.snapshots.push_back({step, copy_of(state)});
    sweep_.statistics->snapshot_bytes += bytes_of(state);
  }

  /// Of the step just made, if the state before it was kept.
  void keep_stages(std::size_t step) {
    if (sweep_.snapshots.empty() || sweep_.snapshots.back().step != step) return;
    auto& state = sweep_.snapshots.back().state;
    const auto before = bytes_of(state);
    state.stages = stepper_->solved_stages();
    sweep_.statistics->snapshot_bytes += bytes_of(state) - before;
  }

  void drop(std::size_t step) {
    auto& snapshots = sweep_.snapshots;
    const auto gone = std::find_if(snapshots.begin(), snapshots.end(), [&](const Snapshot& snapshot) { return snapshot.step == step; });
    sweep_.statistics->snapshot_bytes -= bytes_of(gone->state);
    snapshots.erase(gone);
  }

  Sweep& sweep_;
  const Observer* observer_;
  bool every_state_;
  std::unique_ptr<Solver> solver_;
  TensorList z0_;
  bool by_value_;
  Trajectory trajectory_;
  std::unique_ptr<ForwardStepper> stepper_;
  bool event_ = false;
  SolverState before_event_;
  std::unique_ptr<SampleForward> samples_;  ///< instead, where samples have steps of their own
};

void forget_snapshots(Sweep& sweep) {
  sweep.snapshots.clear();
  sweep.statistics->snapshot_bytes = 0;
}

/// random: where the program's generator stood.
void start_again(Sweep& sweep, const at::Generator& random) {
  forget_snapshots(sweep);
  *sweep.grid = {};
  sweep.lattice = {};
  sweep.random.begin_again(random);
  *sweep.outcome = {};
}

}  // namespace

ForwardResult forward_sweep(Sweep& sweep, const Observer* observer) {
  const at::NoGradGuard not_recording;
  const AutocastScope autocast(sweep.autocast);
  sweep.graphs = graphs_for(sweep, observer != nullptr);
  if (sweep.graphs)
    if (auto replayed = sweep.graphs->forward(sweep)) return std::move(*replayed);
  // Fixed steps that leave no state behind them are cheaper; where a solve fails so, it is made again, up to its last good state.
  const bool by_value = sweep.options.failure == FailureKind::value && sweep.options.steps.step_size > 0 && observer == nullptr;
  const auto start = by_value ? sweep.random.position() : at::Generator();
  std::optional<Run> run;
  run.emplace(sweep, observer, /*every_state=*/observer != nullptr);
  const auto succeeded = [&] { return succeeds(sweep.options, *sweep.outcome, [&] { run->run(); }); };
  bool fine = succeeded();
  const auto status = sweep.outcome->status;
  if (!fine && by_value && (status == Status::non_finite || status == Status::lattice_overflow)) {
    start_again(sweep, start);
    run.emplace(sweep, observer, /*every_state=*/true);
    fine = succeeded();
  }
  if (!fine) {
    forget_snapshots(sweep);
    sweep.graphs = nullptr;
  }
  if (sweep.graphs) sweep.graphs->saw_forward(sweep);
  return run->take();
}

}  // namespace neuralode
