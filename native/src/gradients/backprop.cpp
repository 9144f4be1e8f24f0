#include "gradients/backprop.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "gradients/failure.h"
#include "gradients/landings.h"
#include "solvers/alf.h"
#include "solvers/alf_kernels.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

bool is_finite(const at::Tensor& tensor) {
  const at::NoGradGuard not_recording;
  return tensor.isfinite().all().item<bool>();
}

/// ALF on recorded operators. Times are tensors, so that autograd reaches t0, t1 and t_eval.
class RecordedAlf final : public Stepper {
 public:
  RecordedAlf(const Problem& problem, const Landings& landings)
      : problem_(problem), landings_(landings), segment_start_(problem.t0.to(at::kDouble)), segment_start_value_(landings.t0) {
    state_.z = problem.z0;
    outputs_.resize(landings.times.size());
  }

  /// Evaluates v0.
  void start() {
    for (std::size_t i = 0; i < state_.z.size(); ++i)
      if (!is_finite(state_.z[i])) fail(Status::non_finite, "z0[", i, "] has infinite or NaN elements; check the input at t0 = ", landings_.t0);
    state_.v = evaluate(segment_start_, state_.z);
    for (std::size_t i = 0; i < state_.v.size(); ++i)
      if (!is_finite(state_.v[i]))
        fail(Status::non_finite, "f(t0, z0) has infinite or NaN elements in state ", i, "; check the dynamics at t0 = ", landings_.t0);
  }

  double error_order() const override { return 2; }

  double initial_step_size(double rtol, double atol, double span) override {
    const at::NoGradGuard not_recording;
    return first_step_size(state_.z, state_.v, rtol, atol, span);
  }

  std::int64_t attempt(double t, double h, std::int64_t landing) override {
    const auto start = segment_start_ + (t - segment_start_value_);
    const auto length = landing >= 0 ? landing_time(landing) - start : at::scalar_tensor(h, at::kDouble);
    const auto half = (length / 2).to(state_.z[0].scalar_type());
    const double eta = problem_.options.eta;
    TensorList k;
    for (std::size_t i = 0; i < state_.z.size(); ++i) k.push_back(state_.z[i] + half * state_.v[i]);
    u_ = evaluate(start + length / 2, k);
    tried_ = {};
    for (std::size_t i = 0; i < k.size(); ++i) {
      tried_.v.push_back((1 - 2 * eta) * state_.v[i] + 2 * eta * u_[i]);
      tried_.z.push_back(k[i] + half * tried_.v[i]);
    }
    t_ = t;
    h_ = h;
    return evaluations_ - 1;
  }

  double error(double rtol, double atol) override {
    const at::NoGradGuard not_recording;
    const auto plain = [](const TensorList& tensors) {
      TensorList result;
      for (const auto& tensor : tensors) result.push_back(tensor.contiguous());
      return result;
    };
    const auto z_next = plain(tried_.z);
    return all_finite(z_next) ? alf_error_norm(plain(state_.z), z_next, plain(u_), plain(state_.v), h_, rtol, atol) : INFINITY;
  }

  void require_acceptable() const override {
    if (std::all_of(tried_.z.begin(), tried_.z.end(), is_finite)) return;
    const auto where = text_of(" at step ", accepted_ + 1, ", t = ", t_ + h_ / 2, "; use shorter steps or adaptive ones, or check f there");
    for (std::size_t i = 0; i < u_.size(); ++i)
      if (!is_finite(u_[i])) fail(Status::non_finite, "f(t, z) has infinite or NaN elements in state ", i, where);
    fail(Status::non_finite, "the state became infinite or NaN", where);
  }

  void accept() override {
    state_ = std::move(tried_);
    ++accepted_;
  }

  void land(std::int64_t index) override {
    outputs_[static_cast<std::size_t>(index)] = state_.z;
    segment_start_ = landing_time(index);
    segment_start_value_ = landings_.times[static_cast<std::size_t>(index)];
  }

  /// The states in the form of Solution::states; of landings that were not reached, NaN.
  TensorList outputs() const {
    if (!landings_.trajectory) return state_.z;
    TensorList result;
    for (std::size_t i = 0; i < problem_.z0.size(); ++i) {
      TensorList rows;
      for (const auto landing : landings_.outputs)
        rows.push_back(landing < 0 ? problem_.z0[i] : landed(static_cast<std::size_t>(landing), i));
      result.push_back(at::stack(rows));
    }
    return result;
  }

  std::int64_t evaluations() const { return evaluations_; }

 private:
  at::Tensor landed(std::size_t landing, std::size_t i) const {
    return outputs_[landing].empty() ? at::full_like(problem_.z0[i], NAN) : outputs_[landing][i];
  }

  TensorList evaluate(const at::Tensor& t, const TensorList& z) {
    ++evaluations_;
    return problem_.dynamics->eval(t.to(z[0].options().requires_grad(false)), z);
  }

  at::Tensor landing_time(std::int64_t index) const {
    const auto source = landings_.sources[static_cast<std::size_t>(index)];
    return (source == Landings::t1_source ? problem_.t1 : problem_.t_eval.select(0, source)).to(at::kDouble);
  }

  const Problem& problem_;
  const Landings& landings_;
  at::Tensor segment_start_;
  double segment_start_value_;
  AlfState state_, tried_;
  TensorList u_;
  double t_ = 0, h_ = 0;
  std::vector<TensorList> outputs_;
  std::int64_t evaluations_ = 0, accepted_ = 0;
};

}  // namespace

Solution solve_backprop(const Problem& problem) {
  const auto landings = landings_of(problem.t0, problem.t1, problem.t_eval);
  RecordedAlf stepper(problem, landings);
  Solution solution{{}, std::make_shared<Statistics>(), std::make_shared<Outcome>(), nullptr};
  auto grid = std::make_shared<Grid>();
  grid->end = landings.t0;
  const bool complete = succeeds(problem.options, *solution.outcome, [&] {
    stepper.start();
    drive(stepper, landings.t0, landings.times, problem.options.steps, *grid);
  });
  solution.outcome->reached = grid->end;
  solution.statistics->steps_accepted = static_cast<std::int64_t>(grid->steps.size());
  solution.statistics->steps_rejected = grid->rejected;
  solution.statistics->nfe_forward = stepper.evaluations();
  solution.grid = std::move(grid);
  solution.states = stepper.outputs();
  if (!complete)
    for (auto& state : solution.states) state = state.detach().clone();
  return solution;
}

}  // namespace neuralode
