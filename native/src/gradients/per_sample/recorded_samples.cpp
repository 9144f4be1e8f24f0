// Source of the formulas: solvers/runge_kutta.h and solvers/alf.h; rounds as in solvers/per_sample/method.h.
#include "gradients/per_sample/recorded_samples.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "core/error.h"
#include "gradients/failure.h"
#include "gradients/landings.h"
#include "solvers/per_sample/sample_sweeps.h"

namespace neuralode {

namespace {

/// Detached, batch first in memory.
TensorList plain(const TensorList& tensors) {
  TensorList result;
  for (const auto& tensor : tensors) result.push_back(tensor.detach().contiguous());
  return result;
}

/// (batch,) as what broadcasts against `like`, of its dtype.
at::Tensor along_batch(const at::Tensor& values, const at::Tensor& like) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(like.dim()), 1);
  sizes[0] = values.size(0);
  return values.reshape(sizes).to(values.scalar_type() == at::kBool ? at::kBool : like.scalar_type());
}

/// One number a trial, as (batch,).
template <class Value, class Of>
at::Tensor gathered(const SampleRound& round, at::ScalarType dtype, const Of& of) {
  std::vector<Value> values;
  for (const auto& trial : round.trials) values.push_back(static_cast<Value>(of(trial)));
  return at::tensor(values, at::kDouble).to(dtype);
}

class RecordedSamples final : public SampleStepper {
 public:
  RecordedSamples(const Problem& problem, const Landings& landings)
      : problem_(problem),
        landings_(landings),
        alf_(problem.options.solver == SolverKind::alf),
        tableau_(alf_ ? Tableau{} : closed(tableau_of(problem.options.solver))),
        closes_for_error_(alf_ || tableau_of(problem.options.solver).fsal),
        state_{problem.z0, {}},
        outputs_(landings.times.size()) {}

  /// Checks z0 and evaluates f there.
  void start() {
    check_batch(problem_.z0);
    std::vector<at::Tensor> times{problem_.t0.to(at::kDouble)};
    for (const auto source : landings_.sources)
      times.push_back((source == Landings::t1_source ? problem_.t1 : problem_.t_eval.select(0, source)).to(at::kDouble));
    times_ = at::stack(times);
    require_all_finite(plain(state_.z), "z0", "input", landings_.t0);
    state_.v = evaluate(times_.select(0, 0).expand({batch()}), state_.z);
    require_all_finite(plain(state_.v), "f(t0, z0)", "dynamics", landings_.t0);
  }

  std::int64_t batch() const override { return state_.z[0].size(0); }
  double error_order() const override { return traits_of(problem_.options.solver).error_order; }

  std::vector<double> initial_step_sizes(double rtol, double atol, double span) override {
    const at::NoGradGuard not_recording;
    std::function<TensorList(const std::vector<double>&, const TensorList&)> evaluate_at;
    if (!alf_) evaluate_at = [this](const std::vector<double>& t, const TensorList& z) { return evaluate(at::tensor(t, at::kDouble), z); };
    return initial_lengths({plain(state_.z), plain(state_.v)}, landings_.t0, landings_.times.back() < landings_.t0 ? -1 : 1, error_order(),
                           rtol, atol, span, evaluate_at);
  }

  std::int64_t attempt(const SampleRound& round) override {
    const auto first = evaluations_;
    tried_ = round;
    advance(round);
    return first;
  }

  std::vector<double> error_norms(double rtol, double atol) override {
    const auto z = plain(state_.z), z_next = plain(next_.z);
    auto finite = rows::finite_rows(z_next);
    if (alf_) return errors_ = rows::alf_error_norms(z, z_next, plain(u_[0]), plain(state_.v), tried_, rtol, atol, finite);
    std::vector<TensorList> k;
    for (const auto& stage : u_) k.push_back(plain(stage));
    TensorList e;
    for (const auto& tensor : z) e.push_back(at::empty_like(tensor));
    rows::combine({}, k, tableau_.error, tried_, e, &finite);
    return errors_ = rows::error_norms(e, z, z_next, rtol, atol, finite);
  }

  void require_finite(std::size_t sample, std::int64_t step) const override {
    if (errors_.empty() || std::isfinite(errors_[sample])) return;
    std::vector<TensorList> stages;
    for (const auto& stage : u_) stages.push_back(plain(stage));
    fail_non_finite(stages, tried_.trials[sample], sample, step);
  }

  void accept(const SampleRound& round) override {
    // Numbers that are not finite would reach the gradients of the others through the parameters, times zero.
    bool lost = false;
    for (std::size_t b = 0; b < round.trials.size(); ++b) lost = lost || round.trials[b].h != tried_.trials[b].h;
    if (lost) advance(round);
    if (round.closing && !closes_for_error_) close();
    const auto accepted = gathered<double>(round, at::kBool, [](const SampleTrial& trial) { return trial.accepted ? 1 : 0; });
    for (std::size_t i = 0; i < state_.z.size(); ++i) {
      const auto mask = along_batch(accepted, state_.z[i]);
      state_.z[i] = at::where(mask, next_.z[i], state_.z[i]);
      if (round.closing) state_.v[i] = at::where(mask, next_.v[i], state_.v[i]);
    }
    next_ = {};
  }

  void land(std::int64_t index, const std::vector<std::int64_t>& samples) override {
    if (!landings_.trajectory) return;
    const auto rows = at::tensor(samples, at::kLong);
    auto& output = outputs_[static_cast<std::size_t>(index)];
    if (output.empty()) output = unreached();
    for (std::size_t i = 0; i < output.size(); ++i) output[i] = output[i].index_copy(0, rows, state_.z[i].index_select(0, rows));
  }

  /// The states in the form of Solution::states; of landings that a sample did not reach, NaN.
  TensorList outputs() const {
    if (!landings_.trajectory) return state_.z;
    TensorList result;
    for (std::size_t i = 0; i < state_.z.size(); ++i) {
      TensorList rows;
      for (const auto landing : landings_.outputs) {
        const auto* output = landing < 0 ? &problem_.z0 : &outputs_[static_cast<std::size_t>(landing)];
        rows.push_back(output->empty() ? unreached()[i] : (*output)[i]);
      }
      result.push_back(at::stack(rows));
    }
    return result;
  }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  TensorList unreached() const {
    TensorList result;
    for (const auto& z : problem_.z0) result.push_back(at::full_like(z, NAN).detach());
    return result;
  }

  /// t: (batch,).
  TensorList evaluate(const at::Tensor& t, const TensorList& z) {
    ++evaluations_;
    return problem_.dynamics->eval(along_batch(t, z[0]), z);
  }

  /// The trial of each sample: next_ and u_.
  void advance(const SampleRound& round) {
    const auto from = gathered<double>(round, at::kLong, [](const SampleTrial& trial) { return trial.landing; });
    const auto to = (from + 1).clamp_max(times_.size(0) - 1);
    const auto lands = gathered<double>(round, at::kBool, [](const SampleTrial& trial) { return trial.lands ? 1 : 0; });
    const auto t = gathered<double>(round, at::kDouble, [](const SampleTrial& trial) { return trial.t; });
    const auto h = gathered<double>(round, at::kDouble, [](const SampleTrial& trial) { return trial.h; });
    start_ = times_.index_select(0, from) + (t - times_.detach().index_select(0, from));
    length_ = at::where(lands, times_.index_select(0, to) - start_, h);
    alf_ ? advance_alf() : advance_rk();
  }

  void advance_alf() {
    const double eta = problem_.options.eta;
    const auto half = length_ / 2;
    TensorList k;
    for (std::size_t i = 0; i < state_.z.size(); ++i) k.push_back(state_.z[i] + along_batch(half, state_.z[i]) * state_.v[i]);
    u_ = {evaluate(start_ + half, k)};
    next_ = {};
    for (std::size_t i = 0; i < k.size(); ++i) {
      next_.v.push_back((1 - 2 * eta) * state_.v[i] + 2 * eta * u_[0][i]);
      next_.z.push_back(k[i] + along_batch(half, k[i]) * next_.v[i]);
    }
  }

  void advance_rk() {
    const auto last = tableau_.stages() - 1;
    u_.assign(last + 1, {});
    u_[0] = state_.v;
    for (std::size_t i = 1; i < last; ++i) u_[i] = evaluate(start_ + tableau_.c[i] * length_, moved(tableau_.a[i]));
    next_.z = moved(tableau_.a[last]);
    if (closes_for_error_) close();
  }

  void close() {
    u_.back() = evaluate(start_ + length_, next_.z);
    next_.v = u_.back();
  }

  /// z + h sum of weights[j] u_[j].
  TensorList moved(const std::vector<double>& weights) const {
    TensorList result;
    for (std::size_t i = 0; i < state_.z.size(); ++i) {
      auto z = state_.z[i];
      const auto h = along_batch(length_, z);
      for (std::size_t j = 0; j < weights.size(); ++j)
        if (weights[j] != 0) z = z + h * weights[j] * u_[j][i];
      result.push_back(std::move(z));
    }
    return result;
  }

  const Problem& problem_;
  const Landings& landings_;
  const bool alf_;
  const Tableau tableau_;
  const bool closes_for_error_;  ///< v' is there after the trial
  at::Tensor times_;             ///< t0, landing 0, landing 1, ...
  at::Tensor start_, length_;    ///< (batch,), of the trial
  SolverState state_, next_;
  std::vector<TensorList> u_;  ///< f of the trial, stage by stage
  std::vector<TensorList> outputs_;
  SampleRound tried_;
  std::vector<double> errors_;
  std::int64_t evaluations_ = 0;
};

}  // namespace

Solution solve_backprop_samples(const Problem& problem) {
  const auto landings = landings_of(problem.t0, problem.t1, problem.t_eval);
  RecordedSamples stepper(problem, landings);
  Solution solution{{}, std::make_shared<Statistics>(), std::make_shared<Outcome>(), nullptr};
  auto grid = std::make_shared<Grid>();
  grid->end = landings.t0;
  const bool complete = succeeds(problem.options, *solution.outcome, [&] {
    stepper.start();
    drive_samples(stepper, landings.t0, landings.times, problem.options.steps, *grid);
  });
  solution.outcome->reached = grid->end;
  count_sample_steps(*grid, *solution.statistics);
  solution.statistics->nfe_forward = stepper.evaluations();
  solution.grid = std::move(grid);
  solution.states = stepper.outputs();
  if (!complete)
    for (auto& state : solution.states) state = state.detach().clone();
  return solution;
}

void count_sample_steps(const Grid& grid, Statistics& statistics) {
  statistics.steps_accepted = statistics.steps_rejected = 0;
  for (const auto& sample : grid.samples) {
    statistics.steps_accepted += sample.accepted;
    statistics.steps_rejected += sample.rejected;
  }
}

}  // namespace neuralode
