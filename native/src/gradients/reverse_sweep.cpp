#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "gradients/sweep.h"
#include "gradients/time_gradients.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

void check_unchanged(const Sweep& sweep) {
  for (std::size_t i = 0; i < sweep.watched.size(); ++i)
    require(sweep.watched_parameters[i].unchanged(), "parameter '", sweep.watched[i].first,
            "' was changed in place between the forward solve and backward, so the trajectory cannot be retraced; "
            "call backward before optimizer.step(), or solve again");
}

/// Sets the modules' modes for a reverse sweep and puts back what it was.
class TrainingScope {
 public:
  TrainingScope(Dynamics& dynamics, const std::vector<bool>& modes) : dynamics_(dynamics), before_(dynamics.modes()) { set(modes); }
  ~TrainingScope() { set(before_); }
  TrainingScope(const TrainingScope&) = delete;
  TrainingScope& operator=(const TrainingScope&) = delete;

 private:
  void set(const std::vector<bool>& modes) {
    if (dynamics_.modes() != modes) dynamics_.set_modes(modes);
  }
  Dynamics& dynamics_;
  std::vector<bool> before_;
};

/// Undoes the steps of a sweep in stretches between known states.
class Undo {
 public:
  Undo(Sweep& sweep, const AlfState& end, const TensorList& cotangents)
      : sweep_(sweep),
        steps_(sweep.grid->steps),
        cotangents_(cotangents),
        arithmetic_(sweep.arithmetic()),
        reverse_(*sweep.dynamics, sweep.random, *arithmetic_, end, sweep.parameters, sweep.wants_times),
        times_(sweep.landings.times.size()),
        segment_(sweep.landings.times.size()),
        a_parameters_(sweep.parameters.size()),
        knows_z0_(arithmetic_->exact() || std::all_of(sweep.z0.begin(), sweep.z0.end(), [](const auto& z) { return z.unchanged(); })),
        kept_(sweep.snapshots.size()),
        most_kept_(kept_) {}

  ReverseResult run(const AlfState& end) {
    if (steps_.empty()) add_outputs(0);  // t1 == t0
    between(end, steps_.size(), 0, nullptr, sweep_.snapshots);
    add_outputs(-1);
    report();
    return {std::move(reverse_.a_z()), std::move(a_parameters_), std::move(times_.values)};
  }

 private:
  /// Where the sweep stood before a stretch, to start it again.
  struct Mark {
    AlfReverse::Cotangents cotangents;
    TimeGradients times;
    std::size_t segment;
  };

  /// Undoes steps [first, last) from `end`, the known state after them. start: the known state before them, null for z0.
  /// snapshots: known states strictly inside, in order.
  void between(const AlfState& end, std::size_t last, std::size_t first, const AlfState* start, const std::vector<Snapshot>& snapshots) {
    const AlfState* from = &end;
    for (auto snapshot = snapshots.rbegin(); snapshot != snapshots.rend(); ++snapshot) {
      stretch(*from, last, snapshot->step, &snapshot->state);
      from = &snapshot->state;
      last = snapshot->step;
    }
    stretch(*from, last, first, start);
  }

  /// Undoes steps [first, last) between two known states and, in automatic mode, does it again where they turn out not to fit.
  void stretch(const AlfState& end, std::size_t last, std::size_t first, const AlfState* start) {
    const bool from_t0 = start == nullptr;
    const bool repairs = sweep_.options.snapshots == SnapshotKind::automatic && !arithmetic_->exact() && last - first > 1 && (!from_t0 || knows_z0_);
    // Before the very last step every cotangent is zero; an empty mark says so.
    const auto mark = repairs ? Mark{last < steps_.size() ? reverse_.copy_cotangents() : AlfReverse::Cotangents{}, times_, segment_}
                              : Mark{{}, TimeGradients(0), 0};
    for (auto step = last; step > first; --step) undo(steps_[step - 1]);
    AlfState at_t0;
    if (from_t0) {
      at_t0 = finish();
      start = knows_z0_ ? &at_t0 : nullptr;
    }
    // A stretch of one step uses its known end alone: nothing in it was reconstructed.
    const double drift = start == nullptr ? NAN : last - first > 1 || arithmetic_->exact() ? arithmetic_->drift(reverse_.state(), *start) : 0;
    if (repairs && !(drift <= sweep_.drift_tolerance)) {
      reverse_.take_parameters();
      reverse_.set_cotangents(mark.cotangents);
      times_ = mark.times;
      segment_ = mark.segment;
      reverse_.set_state(end);
      repair(end, last, first, *start, from_t0, drift);
      return;
    }
    if (!std::isnan(drift)) worst_ = std::isnan(worst_) ? drift : std::max(worst_, drift);
    accumulate(a_parameters_, reverse_.take_parameters());
    if (!from_t0) reverse_.set_state(*start);
  }

  void undo(const Grid::Step& step) {
    const bool lands = step.landing >= 0;
    if (lands) {
      segment_ = static_cast<std::size_t>(step.landing);
      add_outputs(step.landing);
    }
    times_.add(segment_, lands, reverse_.step(step, lands && sweep_.wants_times));
  }

  /// Pulls a_v back through v0 = f(t0, z0), at z0 itself where it is known. Returns the state at t0 that this makes known.
  AlfState finish() {
    auto z0 = arithmetic_->z_of(reverse_.state());
    if (knows_z0_ && !arithmetic_->exact())
      for (std::size_t i = 0; i < z0.size(); ++i) z0[i] = with_layout_of(sweep_.z0[i].value(), z0[i]);
    else if (arithmetic_->exact())
      z0 = sweep_.lattice.z0;
    auto start = reverse_.start(sweep_.landings.t0, z0);
    times_.values[0] += start.a_t0;
    if (!knows_z0_) return {};
    return arithmetic_->start(arithmetic_->exact() ? TensorList{} : std::move(z0), start.v0);
  }

  /// Makes the steps [first, last) again from their known start, keeping states, and undoes them between these.
  void repair(const AlfState& end, std::size_t last, std::size_t first, const AlfState& start, bool from_t0, double drift) {
    const double duration = std::abs(steps_[last - 1].t + steps_[last - 1].h - steps_[first].t);
    const double rate = drift_rate_of(drift, sweep_.epsilon, arithmetic_->log_amplification(), last - first, duration);
    repaired_rate_ = std::max(repaired_rate_, rate);
    auto schedule = SnapshotSchedule::automatic(arithmetic_->log_amplification(), rate, sweep_.epsilon, sweep_.drift_tolerance, (last - first + 1) / 2);
    AlfReplay replay(*sweep_.dynamics, sweep_.random, *arithmetic_, start);
    std::vector<Snapshot> snapshots;
    for (auto step = first; step < last; ++step) {
      if (schedule.due(steps_[step].h)) snapshots.push_back({step, copy_of(replay.state())});
      if (step + 1 < last) replay.step(steps_[step]);
    }
    sweep_.statistics->steps_replayed += static_cast<std::int64_t>(last - first - 1);
    kept_ += snapshots.size();
    most_kept_ = std::max(most_kept_, kept_);
    between(end, last, first, from_t0 ? nullptr : &start, snapshots);
    kept_ -= snapshots.size();
  }

  /// The cotangents of the outputs of landing `landing` (-1 for t0), added to the sweep's.
  void add_outputs(std::int64_t landing) {
    const auto& landings = sweep_.landings;
    if (!landings.trajectory) {
      if (landing == static_cast<std::int64_t>(landings.times.size()) - 1) reverse_.add_cotangent(cotangents_);
      return;
    }
    for (std::size_t row = 0; row < landings.outputs.size(); ++row) {
      if (landings.outputs[row] != landing) continue;
      TensorList rows;
      for (const auto& cotangent : cotangents_)
        rows.push_back(cotangent.defined() ? cotangent.select(0, static_cast<std::int64_t>(row)) : at::Tensor());
      reverse_.add_cotangent(rows);
    }
  }

  void report() {
    auto& statistics = *sweep_.statistics;
    statistics.nfe_backward = reverse_.evaluations();
    statistics.reconstruction_error = worst_;
    statistics.snapshots = static_cast<std::int64_t>(most_kept_);
    statistics.snapshot_bytes = static_cast<std::int64_t>(most_kept_) * bytes_of(reverse_.state());
    learn();
    auto& outcome = *sweep_.outcome;
    outcome.status = Status::ok;
    outcome.text.clear();
    if (arithmetic_->exact() && worst_ > 0)
      outcome.text = text_of("the exact reverse sweep came back off by ", worst_, " (relative): f gave another result for the same t and z than in "
                             "the forward sweep; make it deterministic (threads, atomics, outside state)");
    if (!(worst_ > sweep_.drift_tolerance)) return;
    outcome.status = Status::drift;
    if (!arithmetic_->exact()) outcome.text = drift_text();
    if (sweep_.options.failure == FailureKind::error) fail(Status::drift, outcome.text);
  }

  std::string drift_text() const {
    return text_of("drift: the reverse sweep's states are off by ", worst_, " (relative), beyond drift_tolerance = ", sweep_.drift_tolerance,
                   ", and the gradients with them; set snapshots to automatic, keep more of them, reverse exactly (eta = 1), bring eta = ",
                   sweep_.options.eta, " closer to 1, or allow it with a larger drift_tolerance");
  }

  /// A stretch that had to be repaired tells how densely the next solve of these dynamics should keep states; without one, the next
  /// may keep a little less.
  void learn() {
    auto rate = sweep_.dynamics->drift_rate();
    if (sweep_.options.snapshots != SnapshotKind::automatic || arithmetic_->exact()) return;
    const double before = rate.item<double>();
    if (repaired_rate_ > 0) rate.fill_(std::max(before, repaired_rate_));
    else if (before > 0) rate.fill_(0.99 * before);
  }

  Sweep& sweep_;
  const std::vector<Grid::Step>& steps_;
  const TensorList& cotangents_;
  std::unique_ptr<AlfArithmetic> arithmetic_;
  AlfReverse reverse_;
  TimeGradients times_;
  std::size_t segment_;
  TensorList a_parameters_;
  bool knows_z0_;
  double worst_ = NAN, repaired_rate_ = 0;
  std::size_t kept_, most_kept_;
};

}  // namespace

ReverseResult reverse_sweep(Sweep& sweep, const AlfState& end, const TensorList& cotangents) {
  const at::NoGradGuard not_recording;
  check_unchanged(sweep);
  const TrainingScope training(*sweep.dynamics, sweep.modes);
  const BufferGuard buffers(*sweep.dynamics);
  const AutocastScope autocast(sweep.autocast);
  const RandomReplay::Scope random(sweep.random);
  sweep.statistics->steps_replayed = 0;
  return Undo(sweep, end, cotangents).run(end);
}

}  // namespace neuralode
