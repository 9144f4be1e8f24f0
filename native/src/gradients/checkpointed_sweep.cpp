// Discrete adjoint from kept or remade states: ACA (every state kept), ANODE (none), PNODE (a budget, revolve).
// Source: Zhuang et al. 2020; Gholami et al. 2019; Zhang & Zhao 2022.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/graph_task.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "gradients/output_cotangents.h"
#include "gradients/revolve.h"
#include "gradients/sweep.h"
#include "gradients/time_gradients.h"
#include "solvers/per_sample/rows.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

class Retrace {
 public:
  Retrace(Sweep& sweep, const TensorList& cotangents)
      : sweep_(sweep),
        steps_(sweep.grid->steps),
        outputs_(sweep.landings, cotangents),
        solver_(sweep.solver()),
        start_{start_z(), {}},
        adjoint_(solver_->adjoint(*sweep.dynamics, sweep.random, start_.z, sweep.parameters, sweep.wants_times)),
        times_(sweep.landings),
        segment_(sweep.landings.times.size()) {
    // The graph may be wanted again: then the snapshots stay, and slots that their stretches no longer need are not really free.
    releases_ = !torch::autograd::get_current_graph_task_keep_graph();
    snapshots_ = releases_ ? std::move(sweep.snapshots) : sweep.snapshots;
    for (const auto& snapshot : snapshots_) count(snapshot.state, 1);
    const auto budget = sweep.options.gradient == GradientKind::pnode && sweep.options.checkpoints > 0
                            ? sweep.options.checkpoints
                            : static_cast<std::int64_t>(steps_.size());
    free_ = budget - static_cast<std::int64_t>(snapshots_.size());
  }

  ReverseResult run() {
    if (steps_.empty()) outputs_.add(*adjoint_, 0);  // t1 == t0
    start_ = solver_->start(*sweep_.dynamics, sweep_.random, sweep_.landings.t0, std::move(start_.z));
    auto last = static_cast<std::int64_t>(steps_.size());
    while (!snapshots_.empty()) {
      auto snapshot = std::move(snapshots_.back());
      snapshots_.pop_back();
      const auto first = static_cast<std::int64_t>(snapshot.step);
      stretch(first, last, snapshot.state, free_);
      last = first;
      if (!releases_) continue;
      free_ += 1;
      count(snapshot.state, -1);
    }
    stretch(0, last, start_, free_);
    times_.values[0] += adjoint_->start(sweep_.landings.t0, start_.z);
    outputs_.add(*adjoint_, -1);
    auto& statistics = *sweep_.statistics;
    statistics.nfe_backward = adjoint_->evaluations();
    statistics.steps_replayed = replayed_ + adjoint_->steps_solved();
    statistics.jacobian_products_backward = products_ + adjoint_->work().jacobian_products;
    statistics.snapshots = most_kept_;
    statistics.snapshot_bytes = most_bytes_;
    return {std::move(adjoint_->a_z()), adjoint_->take_parameters(), std::move(times_.values), std::move(times_.interpolated)};
  }

 private:
  TensorList start_z() const {
    TensorList z;
    for (std::size_t i = 0; i < sweep_.z0.size(); ++i) {
      require(sweep_.z0[i].unchanged(), "z0[", i, "]: was changed in place between the forward solve and backward, which starts from it; ",
              "solve from z0.clone(), or use a gradient method that undoes steps (mali, reversible)");
      const auto& value = sweep_.z0[i].value();
      if (sweep_.options.per_sample) {
        z.push_back(rows::batch_outermost(value));
        continue;
      }
      z.push_back(value.is_non_overlapping_and_dense() ? value : dense_copy(value));
    }
    return z;
  }

  /// Differentiates steps [first, last) from the state before them, with `free` slots for states on the way.
  void stretch(std::int64_t first, std::int64_t last, const SolverState& start, std::int64_t free) {
    while (last > first) {
      if (last - first == 1) {
        differentiate(first, start);
        --last;
        continue;
      }
      const auto next = free > 0 ? next_checkpoint(first, last, free) : last - 1;
      const auto state = advanced(start, first, next);
      if (free > 0) count(state, 1);
      stretch(next, last, state, free - 1);
      if (free > 0) count(state, -1);
      last = next;
    }
  }

  /// A state more or less that is kept.
  void count(const SolverState& state, std::int64_t change) {
    most_kept_ = std::max(most_kept_, kept_ += change);
    most_bytes_ = std::max(most_bytes_, bytes_ += change * bytes_of(state));
  }

  /// The state before step `next`, from that before step `first`.
  SolverState advanced(const SolverState& start, std::int64_t first, std::int64_t next) {
    const auto replay = solver_->replay(*sweep_.dynamics, sweep_.random, start);
    for (auto step = first; step < next; ++step) replay->step(steps_[static_cast<std::size_t>(step)]);
    replayed_ += next - first;
    products_ += replay->work().jacobian_products;
    return std::move(replay->state());
  }

  void differentiate(std::int64_t index, const SolverState& before) {
    const auto& step = steps_[static_cast<std::size_t>(index)];
    if (step.samples) {
      outputs_.add(*adjoint_, *step.samples);
      adjoint_->step(step, before, sweep_.wants_times);
      times_.add(*step.samples, adjoint_->of_samples());
      return;
    }
    const bool lands = step.landing >= 0;
    if (lands) {
      segment_ = static_cast<std::size_t>(step.landing);
      outputs_.add(*adjoint_, step.landing);
    }
    outputs_.add_inside(*adjoint_, static_cast<std::size_t>(index));
    times_.add(sweep_.landings, segment_, static_cast<std::size_t>(index), step, adjoint_->step(step, before, lands && sweep_.wants_times));
  }

  Sweep& sweep_;
  const std::vector<Grid::Step>& steps_;
  OutputCotangents outputs_;
  std::unique_ptr<Solver> solver_;
  SolverState start_;
  std::unique_ptr<StepAdjoint> adjoint_;
  TimeGradients times_;
  std::size_t segment_;
  std::vector<Snapshot> snapshots_;
  bool releases_ = true;
  std::int64_t kept_ = 0, most_kept_ = 0, bytes_ = 0, most_bytes_ = 0, free_ = 0, replayed_ = 0, products_ = 0;
};

}  // namespace

ReverseResult checkpointed_sweep(Sweep& sweep, const TensorList& cotangents) { return Retrace(sweep, cotangents).run(); }

}  // namespace neuralode
