#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "gradients/drift.h"
#include "gradients/output_cotangents.h"
#include "gradients/sweep.h"
#include "gradients/time_gradients.h"
#include "solvers/alf_kernels.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// Undoes the steps of a sweep in stretches between known states.
class Undo {
 public:
  Undo(Sweep& sweep, const SolverState& end, const TensorList& cotangents)
      : sweep_(sweep),
        steps_(sweep.grid->steps),
        outputs_(sweep.landings, cotangents),
        solver_(sweep.solver()),
        inverse_(solver_->inverse(*sweep.dynamics, sweep.random, end, sweep.parameters, sweep.wants_times)),
        times_(sweep.landings),
        segment_(sweep.landings.times.size()),
        a_parameters_(sweep.parameters.size()),
        knows_z0_(solver_->exact() || std::all_of(sweep.z0.begin(), sweep.z0.end(), [](const auto& z) { return z.unchanged(); })),
        kept_(sweep.snapshots.size()),
        most_kept_(kept_) {}

  ReverseResult run(const SolverState& end) {
    if (steps_.empty()) outputs_.add(*inverse_, 0);  // t1 == t0
    between(end, steps_.size(), 0, nullptr, sweep_.snapshots);
    outputs_.add(*inverse_, -1);
    report();
    return {std::move(inverse_->a_z()), std::move(a_parameters_), std::move(times_.values), std::move(times_.interpolated)};
  }

 private:
  /// Where the sweep stood before a stretch, to start it again.
  struct Mark {
    StepInverse::Cotangents cotangents;
    TimeGradients times;
    std::size_t segment;
  };

  /// Undoes steps [first, last) from `end`, the known state after them. start: the known state before them, null for z0.
  /// snapshots: known states strictly inside, in order.
  void between(const SolverState& end, std::size_t last, std::size_t first, const SolverState* start,
               const std::vector<Snapshot>& snapshots) {
    const SolverState* from = &end;
    for (auto snapshot = snapshots.rbegin(); snapshot != snapshots.rend(); ++snapshot) {
      stretch(*from, last, snapshot->step, &snapshot->state);
      from = &snapshot->state;
      last = snapshot->step;
    }
    stretch(*from, last, first, start);
  }

  /// Undoes steps [first, last) between two known states and, in automatic mode, does it again where they turn out not to fit.
  void stretch(const SolverState& end, std::size_t last, std::size_t first, const SolverState* start) {
    const bool from_t0 = start == nullptr;
    const bool repairs =
        sweep_.options.snapshots == SnapshotKind::automatic && !solver_->exact() && last - first > 1 && (!from_t0 || knows_z0_);
    // Before the very last step every cotangent is zero; an empty mark says so.
    const auto mark = repairs ? Mark{last < steps_.size() ? inverse_->copy_cotangents() : StepInverse::Cotangents{}, times_, segment_}
                              : Mark{{}, TimeGradients(Landings{}), 0};
    // Looking at the state after every few steps would stop a GPU as often; f on a GPU does not throw for what it computes.
    const bool watches = repairs && end.z[0].is_cpu();
    auto garbage = watches ? 100 * std::max(largest_value(end.z), largest_value(from_t0 ? z0_of(end.z) : start->z)) : INFINITY;
    StepInverse::Start at_t0;
    bool strayed = false;
    for (auto step = last; step > first && !strayed; --step) {
      undo(step - 1, step - 1 > first ? nullptr : from_t0 ? start_if_landed_on(steps_[first], at_t0.state) : start,
           step - 1 > first ? follower(step - 1) : nullptr);
      // f may throw far from every state that it has seen: a stretch that is lost is not undone to its end.
      // Both ends may be near 0 and the states between them not.
      if (watches && step == last && garbage < 1e-2 * span_ * inverse_->speed()) garbage = 4 * span_ * inverse_->speed();
      strayed = watches && (last - step) % 4 == 3 && !(inverse_->size() <= garbage);
    }
    if (from_t0 && knows_z0_ && strayed) at_t0.state = start_state();
    if (from_t0 && !strayed) at_t0 = finish();
    if (from_t0) start = knows_z0_ ? &at_t0.state : nullptr;
    // A stretch of one step uses its known end alone: nothing in it was reconstructed.
    const bool reconstructed = last - first > 1 || solver_->exact();
    const double drift = strayed ? INFINITY : start == nullptr ? NAN : reconstructed ? inverse_->drift(*start) : 0;
    if (repairs && !(drift <= sweep_.drift_threshold)) {
      inverse_->take_parameters();
      inverse_->set_cotangents(mark.cotangents);
      times_ = mark.times;
      segment_ = mark.segment;
      inverse_->set_state(end);
      if (!at_t0.at_z0) at_t0.state = start_state();
      repair(end, last, first, *start, from_t0, drift);
      return;
    }
    if (!std::isnan(drift)) worst_ = std::isnan(worst_) ? drift : std::max(worst_, drift);
    accumulate(a_parameters_, inverse_->take_parameters());
    if (!from_t0) inverse_->set_state(*start);
  }

  /// The step that is undone after step `number`, where nothing is asked of the state between the two; else null.
  const Grid::Step* follower(std::size_t number) const {
    const auto& next = steps_[number - 1];
    const bool alone = next.landing < 0 && !next.samples && !sweep_.wants_times && sweep_.landings.interpolated.empty();
    return alone ? &next : nullptr;
  }

  /// before: the known state at the step's start, or null. next: as StepInverse::step takes it.
  void undo(std::size_t number, const SolverState* before, const Grid::Step* next) {
    const auto& step = steps_[number];
    if (step.samples) {
      outputs_.add(*inverse_, *step.samples);
      inverse_->step(step, sweep_.wants_times, before);
      times_.add(*step.samples, inverse_->of_samples());
      return;
    }
    const bool lands = step.landing >= 0;
    if (lands) {
      segment_ = static_cast<std::size_t>(step.landing);
      outputs_.add(*inverse_, step.landing);
    }
    outputs_.add_inside(*inverse_, number);
    times_.add(sweep_.landings, segment_, number, step, inverse_->step(step, lands && sweep_.wants_times, before, next));
  }

  /// z0 laid out as `like`.
  TensorList z0_of(const TensorList& like) const {
    TensorList z0;
    for (std::size_t i = 0; i < like.size(); ++i) z0.push_back(with_layout_of(sweep_.z0[i].value(), like[i]));
    return z0;
  }

  /// The state at t0. z0 must be known.
  SolverState start_state() { return solver_->start(*sweep_.dynamics, sweep_.random, sweep_.landings.t0, z0_of(inverse_->state().z)); }

  /// Where the first step ends on a landing time, its derivative to time asks for v0 itself.
  const SolverState* start_if_landed_on(const Grid::Step& step, SolverState& at_t0) {
    if ((step.landing < 0 && !step.samples) || !sweep_.wants_times || !knows_z0_ || solver_->exact()) return nullptr;
    at_t0 = start_state();
    return &at_t0;
  }

  /// Pulls a_v back through v0 = f(t0, z0), at z0 itself where it is known. Returns the state at t0 that this makes known.
  StepInverse::Start finish() {
    auto z0 = solver_->exact() ? sweep_.lattice.z0 : knows_z0_ ? z0_of(inverse_->state().z) : solver_->z_of(inverse_->state());
    auto start = inverse_->start(sweep_.landings.t0, std::move(z0));
    times_.values[0] += start.a_t0;
    return start;
  }

  /// Makes the steps [first, last) again from their known start, keeping states, and undoes them between these.
  void repair(const SolverState& end, std::size_t last, std::size_t first, const SolverState& start, bool from_t0, double drift) {
    const double duration = std::abs(steps_[last - 1].t + steps_[last - 1].h - steps_[first].t);
    const double rate = drift_rate_of(drift, sweep_.epsilon, solver_->log_amplification(), last - first, duration);
    if (depth_ == 0) repaired_rate_ = std::max(repaired_rate_, rate);
    // Two steps that do not fit, though nothing expands that fast: f is noisy or jumps there, which no density of snapshots foresees.
    if (last - first <= 2 && 4 * solver_->log_amplification() < std::log(1 / sweep_.epsilon)) learns_ = false;
    auto schedule =
        SnapshotSchedule::automatic(solver_->log_amplification(), rate, sweep_.epsilon, sweep_.drift_threshold, (last - first + 1) / 2);
    const auto replay = solver_->replay(*sweep_.dynamics, sweep_.random, start);
    std::vector<Snapshot> snapshots;
    for (auto step = first; step < last; ++step) {
      if (schedule.due(steps_[step].h)) snapshots.push_back({step, copy_of(replay->state())});
      if (step + 1 < last) replay->step(steps_[step]);
    }
    sweep_.statistics->steps_replayed += static_cast<std::int64_t>(last - first - 1);
    kept_ += snapshots.size();
    most_kept_ = std::max(most_kept_, kept_);
    ++depth_;
    between(end, last, first, from_t0 ? nullptr : &start, snapshots);
    --depth_;
    kept_ -= snapshots.size();
  }

  void report() {
    auto& statistics = *sweep_.statistics;
    statistics.nfe_backward = inverse_->evaluations();
    statistics.reconstruction_error = worst_;
    statistics.snapshots = static_cast<std::int64_t>(most_kept_);
    statistics.snapshot_bytes = static_cast<std::int64_t>(most_kept_) * bytes_of(inverse_->state());
    learn();
    report_drift(sweep_, worst_, solver_->exact());
  }

  /// A stretch that had to be repaired tells how densely the next solve of these dynamics should keep states; without one, the next
  /// may keep a little less.
  void learn() {
    auto rate = sweep_.dynamics->drift_rate();
    if (sweep_.options.snapshots != SnapshotKind::automatic || solver_->exact()) return;
    const double stored = rate.item<double>(), before = std::isfinite(stored) ? stored : 0;
    rate.fill_(learns_ && repaired_rate_ > 0 ? std::max(before, repaired_rate_) : 0.99 * before);
  }

  Sweep& sweep_;
  const std::vector<Grid::Step>& steps_;
  OutputCotangents outputs_;
  std::unique_ptr<Solver> solver_;
  std::unique_ptr<StepInverse> inverse_;
  TimeGradients times_;
  std::size_t segment_;
  TensorList a_parameters_;
  bool knows_z0_;
  double span_ = std::abs(sweep_.landings.times.back() - sweep_.landings.t0), worst_ = NAN, repaired_rate_ = 0;
  int depth_ = 0;  ///< of repairs within repairs
  bool learns_ = true;
  std::size_t kept_, most_kept_;
};

}  // namespace

ReverseResult inverse_sweep(Sweep& sweep, const SolverState& end, const TensorList& cotangents) {
  return Undo(sweep, end, cotangents).run(end);
}

}  // namespace neuralode
