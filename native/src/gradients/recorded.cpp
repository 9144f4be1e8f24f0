#include "gradients/recorded.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"
#include "solvers/rk_kernels.h"
#include "solvers/tableau.h"

namespace neuralode {

namespace {

bool is_finite(const at::Tensor& tensor) {
  const at::NoGradGuard not_recording;
  return tensor.isfinite().all().item<bool>();
}

/// ALF: solvers/alf.h.
class RecordedAlf final : public RecordedStepper {
 public:
  using RecordedStepper::RecordedStepper;

  void start() override {
    RecordedStepper::start();
    state_.v = evaluate(segment_start_, state_.z);
    for (std::size_t i = 0; i < state_.v.size(); ++i)
      if (!is_finite(state_.v[i]))
        fail(Status::non_finite, "f(t0, z0) has infinite or NaN elements in state ", i, "; check the dynamics at t0 = ", landings_.t0);
  }

  double error_order() const override { return 2; }
  double initial_step_size(double rtol, double atol, double span) override {
    return first_step_size(plain(state_.z), plain(state_.v), rtol, atol, span);
  }

  double error(double rtol, double atol) override {
    const auto z_next = plain(tried_.z);
    return all_finite(z_next) ? alf_error_norm(plain(state_.z), z_next, plain(u_[0]), plain(state_.v), h_, rtol, atol) : INFINITY;
  }

 protected:
  void advance(const at::Tensor& start, const at::Tensor& length) override {
    const auto half = (length / 2).to(state_.z[0].scalar_type());
    const double eta = problem_.options.eta;
    TensorList k;
    for (std::size_t i = 0; i < state_.z.size(); ++i) k.push_back(state_.z[i] + half * state_.v[i]);
    u_ = {evaluate(start + length / 2, k)};
    tried_ = {};
    for (std::size_t i = 0; i < k.size(); ++i) {
      tried_.v.push_back((1 - 2 * eta) * state_.v[i] + 2 * eta * u_[0][i]);
      tried_.z.push_back(k[i] + half * tried_.v[i]);
    }
  }
};

/// Explicit Runge-Kutta: solvers/runge_kutta.h.
class RecordedRk final : public RecordedStepper {
 public:
  RecordedRk(const Problem& problem, const Landings& landings)
      : RecordedStepper(problem, landings), tableau_(tableau_of(problem.options.solver)) {}

  double error_order() const override { return tableau_.error_order; }

  double initial_step_size(double rtol, double atol, double span) override {
    evaluate_start(segment_start_);
    const double guess = first_step_size(plain(state_.z), plain(u_[0]), rtol, atol, span);
    const double signed_guess = landings_.times.back() < landings_.t0 ? -guess : guess;
    const at::NoGradGuard not_recording;
    auto z1 = plain(state_.z);
    for (std::size_t i = 0; i < z1.size(); ++i) z1[i] = z1[i] + signed_guess * u_[0][i];
    auto change = evaluate(segment_start_ + signed_guess, z1);
    for (std::size_t i = 0; i < change.size(); ++i) change[i] = change[i] - u_[0][i];
    return second_step_guess(guess, scaled_norm(plain(u_[0]), plain(state_.z), rtol, atol),
                             scaled_norm(plain(change), plain(state_.z), rtol, atol) / guess, tableau_.error_order, span);
  }

  double error(double rtol, double atol) override {
    const auto z_next = plain(tried_.z);
    if (!all_finite(z_next)) return INFINITY;
    std::vector<TensorList> k;
    for (const auto& stage : u_) k.push_back(plain(stage));
    auto e = plain(state_.z);
    for (auto& tensor : e) tensor = at::empty_like(tensor);
    return combine({}, k, tableau_.error, h_, e) ? scaled_error_norm(e, plain(state_.z), z_next, rtol, atol) : INFINITY;
  }

  void accept() override {
    RecordedStepper::accept();
    has_start_ = tableau_.fsal;
    if (has_start_) std::swap(u_.front(), u_.back());
  }

 protected:
  void advance(const at::Tensor& start, const at::Tensor& length) override {
    evaluate_start(start);
    const auto h = length.to(state_.z[0].scalar_type());
    for (std::size_t i = 1; i < tableau_.stages(); ++i) u_[i] = evaluate(start + tableau_.c[i] * length, moved(h, tableau_.a[i]));
    tried_.z = moved(h, tableau_.b);
  }

 private:
  void evaluate_start(const at::Tensor& t) {
    if (std::exchange(has_start_, true)) return;
    u_.resize(tableau_.stages());
    u_[0] = evaluate(t, state_.z);
  }

  /// z + h sum of weights[j] u_[j].
  TensorList moved(const at::Tensor& h, const std::vector<double>& weights) const {
    TensorList result;
    for (std::size_t i = 0; i < state_.z.size(); ++i) {
      auto z = state_.z[i];
      for (std::size_t j = 0; j < weights.size(); ++j)
        if (weights[j] != 0) z = z + h * weights[j] * u_[j][i];
      result.push_back(std::move(z));
    }
    return result;
  }

  const Tableau& tableau_;
  bool has_start_ = false;
};

}  // namespace

RecordedStepper::RecordedStepper(const Problem& problem, const Landings& landings)
    : problem_(problem),
      landings_(landings),
      segment_start_(problem.t0.to(at::kDouble)),
      state_{problem.z0, {}},
      segment_start_value_(landings.t0),
      outputs_(landings.times.size()) {}

void RecordedStepper::start() {
  for (std::size_t i = 0; i < state_.z.size(); ++i)
    if (!is_finite(state_.z[i]))
      fail(Status::non_finite, "z0[", i, "] has infinite or NaN elements; check the input at t0 = ", landings_.t0);
}

std::int64_t RecordedStepper::attempt(double t, double h, std::int64_t landing) {
  const auto start = segment_start_ + (t - segment_start_value_);
  const auto first = evaluations_;
  advance(start, landing >= 0 ? landing_time(landing) - start : at::scalar_tensor(h, at::kDouble));
  t_ = t;
  h_ = h;
  return first;
}

void RecordedStepper::require_acceptable() const {
  if (std::all_of(tried_.z.begin(), tried_.z.end(), is_finite)) return;
  const auto where = text_of(" at step ", accepted_ + 1, ", t = ", t_ + h_ / 2, "; use shorter steps or adaptive ones, or check f there");
  for (const auto& stage : u_)
    for (std::size_t i = 0; i < stage.size(); ++i)
      if (!is_finite(stage[i])) fail(Status::non_finite, "f(t, z) has infinite or NaN elements in state ", i, where);
  fail(Status::non_finite, "the state became infinite or NaN", where);
}

void RecordedStepper::accept() {
  state_ = std::move(tried_);
  tried_ = {};
  ++accepted_;
}

void RecordedStepper::land(std::int64_t index) {
  outputs_[static_cast<std::size_t>(index)] = state_.z;
  segment_start_ = landing_time(index);
  segment_start_value_ = landings_.times[static_cast<std::size_t>(index)];
}

TensorList RecordedStepper::outputs() const {
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

TensorList RecordedStepper::evaluate(const at::Tensor& t, const TensorList& z) {
  ++evaluations_;
  return problem_.dynamics->eval(t.to(z[0].options().requires_grad(false)), z);
}

TensorList RecordedStepper::plain(const TensorList& tensors) {
  TensorList result;
  for (const auto& tensor : tensors) result.push_back(tensor.detach().contiguous());
  return result;
}

at::Tensor RecordedStepper::landing_time(std::int64_t index) const {
  const auto source = landings_.sources[static_cast<std::size_t>(index)];
  return (source == Landings::t1_source ? problem_.t1 : problem_.t_eval.select(0, source)).to(at::kDouble);
}

at::Tensor RecordedStepper::landed(std::size_t landing, std::size_t i) const {
  return outputs_[landing].empty() ? at::full_like(problem_.z0[i], NAN) : outputs_[landing][i];
}

std::unique_ptr<RecordedStepper> make_recorded(const Problem& problem, const Landings& landings) {
  if (problem.options.solver == SolverKind::alf) return std::make_unique<RecordedAlf>(problem, landings);
  return std::make_unique<RecordedRk>(problem, landings);
}

}  // namespace neuralode
