#include <ATen/ATen.h>

#include <cmath>

#include "gradients/failure.h"
#include "gradients/sweep.h"
#include "solvers/alf_kernels.h"

namespace neuralode {

namespace {

/// Writes landings into stacked outputs.
class Trajectory {
 public:
  Trajectory(const Landings& landings, const TensorList& z0, bool may_fail) : landings_(landings) {
    if (!landings.trajectory) return;
    for (const auto& tensor : z0) {
      auto sizes = tensor.sizes().vec();
      sizes.insert(sizes.begin(), static_cast<std::int64_t>(landings.outputs.size()));
      outputs_.push_back(at::empty(sizes, tensor.options()));
      if (may_fail) outputs_.back().fill_(NAN);
    }
    write(-1, z0);
  }

  void write(std::int64_t landing, const TensorList& z) {
    for (std::size_t row = 0; row < landings_.outputs.size(); ++row)
      if (landings_.outputs[row] == landing)
        for (std::size_t i = 0; i < outputs_.size(); ++i) outputs_[i].select(0, static_cast<std::int64_t>(row)).copy_(z[i]);
  }

  TensorList take() { return std::move(outputs_); }

 private:
  const Landings& landings_;
  TensorList outputs_;
};

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
  explicit Run(Sweep& sweep)
      : sweep_(sweep),
        arithmetic_(sweep.arithmetic()),
        z0_(values_of(sweep.z0)),
        by_value_(sweep.options.failure == FailureKind::value),
        trajectory_(sweep.landings, z0_, by_value_) {}

  void run() {
    const EndOfDraws end_of_draws{sweep_.random};
    auto schedule = sweep_.schedule(*arithmetic_);
    std::size_t step = 0;
    const AlfObserver observer{[&](double h, const AlfState& state) {
                                 if (schedule.due(h)) keep(step, state);
                                 ++step;
                               },
                               [&](std::int64_t landing, const AlfState& state) {
                                 if (sweep_.landings.trajectory) trajectory_.write(landing, arithmetic_->z_of(state));
                               }};
    const auto& steps = sweep_.options.steps;
    sweep_.grid->end = sweep_.landings.t0;
    // Integers are stepped in place: after a failure there would be no good state left.
    const bool keep = steps.step_size == 0 || (by_value_ && arithmetic_->exact());
    stepper_ = std::make_unique<AlfStepper>(*sweep_.dynamics, sweep_.random, *arithmetic_, sweep_.landings.t0, z0_, keep, observer);
    drive(*stepper_, sweep_.landings.t0, sweep_.landings.times, steps, *sweep_.grid);
  }

  ForwardResult take() {
    auto& statistics = *sweep_.statistics;
    statistics.steps_accepted = static_cast<std::int64_t>(sweep_.grid->steps.size());
    statistics.steps_rejected = sweep_.grid->rejected;
    statistics.nfe_forward = stepper_ ? stepper_->evaluations() : 1;
    statistics.snapshots = static_cast<std::int64_t>(sweep_.snapshots.size());
    sweep_.outcome->reached = sweep_.grid->end;
    ForwardResult result;
    if (stepper_) result.end = std::move(stepper_->state());
    if (sweep_.landings.trajectory)
      result.states = trajectory_.take();
    else if (stepper_)
      result.states = arithmetic_->z_of(result.end);
    else
      for (const auto& z : z0_) result.states.push_back(z.clone());
    return result;
  }

 private:
  void keep(std::size_t step, const AlfState& state) {
    sweep_.snapshots.push_back({step, copy_of(state)});
    sweep_.statistics->snapshot_bytes += bytes_of(state);
  }

  Sweep& sweep_;
  std::unique_ptr<AlfArithmetic> arithmetic_;
  TensorList z0_;
  bool by_value_;
  Trajectory trajectory_;
  std::unique_ptr<AlfStepper> stepper_;
};

}  // namespace

ForwardResult forward_sweep(Sweep& sweep) {
  const at::NoGradGuard not_recording;
  const AutocastScope autocast(sweep.autocast);
  Run run(sweep);
  if (!succeeds(sweep.options, *sweep.outcome, [&] { run.run(); })) {
    sweep.snapshots.clear();
    sweep.statistics->snapshot_bytes = 0;
  }
  return run.take();
}

}  // namespace neuralode
