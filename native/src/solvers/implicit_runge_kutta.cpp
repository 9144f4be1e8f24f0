#include "solvers/implicit_runge_kutta.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"
#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"
#include "solvers/implicit_adjoint.h"
#include "solvers/rk_kernels.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// Detached tensors that nobody else holds: f may return its input, or a tensor that it keeps.
TensorList own(TensorList u, const TensorList& z) {
  u = laid_out_as(std::move(u), z);
  for (auto& tensor : u) {
    tensor = tensor.detach();
    if (!owns_storage_alone(tensor)) tensor = dense_copy(tensor);
  }
  return u;
}

}  // namespace

bool steps_apart(Dynamics& dynamics, const ImplicitTableau& tableau) {
  return dynamics.explicit_part() != nullptr && !tableau.explicit_a.empty();
}

ImplicitStages::ImplicitStages(Dynamics& dynamics, const ImplicitTableau& tableau, const NewtonSettings& settings,
                               StageEquations::Around around, ImplicitWork& work)
    : dynamics_(dynamics),
      tableau_(tableau),
      around_(around),
      equations_(steps_apart(dynamics, tableau) ? dynamics.implicit_part() : dynamics, settings, std::move(around), work),
      work_(work),
      k_(tableau.stages()),
      l_(steps_apart(dynamics, tableau) ? tableau.stages() : 0) {}

bool ImplicitStages::move(const TensorList& z, const std::vector<double>& weights, const std::vector<double>& explicit_weights, double h,
                          TensorList& out) {
  std::vector<TensorList> terms(k_.begin(), k_.begin() + static_cast<std::ptrdiff_t>(weights.size()));
  auto all = weights;
  if (!l_.empty()) {
    terms.insert(terms.end(), l_.begin(), l_.begin() + static_cast<std::ptrdiff_t>(explicit_weights.size()));
    all.insert(all.end(), explicit_weights.begin(), explicit_weights.end());
  }
  return combine(z, terms, all, h, out);
}

void ImplicitStages::begin(double t, const TensorList& z) {
  const auto time = time_tensor(t, z);
  k_[0] = own(equations_.begin(time, z), z);
  if (!l_.empty()) around_(/*start=*/true, [&] { l_[0] = own(dynamics_.explicit_part()->eval(time, z), z); });
}

ImplicitStages::Result ImplicitStages::run(double t, double h, const TensorList& z, TensorList& z_next) {
  equations_.start_trial();
  solved_.clear();
  infinite_.clear();
  const auto start = k_[0];  // of a method without an explicit stage, a guess alone
  for (std::size_t i = 0; i < tableau_.stages(); ++i) {
    const double diagonal = tableau_.a[i].back();
    if (diagonal == 0) continue;
    auto base = empty_like(z), y = empty_like(z), z_i = empty_like(z), k = empty_like(z);
    const std::vector<double> before(tableau_.a[i].begin(), tableau_.a[i].end() - 1);
    move(z, before, l_.empty() ? std::vector<double>{} : tableau_.explicit_a[i], h, base);
    combine({}, {i > 0 ? k_[i - 1] : start}, {1}, h * diagonal, y);
    const auto time = time_tensor(t + tableau_.c[i] * h, z);
    const auto outcome = equations_.solve(time, base, h * diagonal, y);
    if (outcome == StageEquations::Outcome::non_finite) {
      infinite_ = {std::move(y)};
      return Result::non_finite;
    }
    if (outcome == StageEquations::Outcome::not_converged) {
      ++work_.newton_failures;
      k_[0] = start;
      return Result::no_convergence;
    }
    combine(base, {y}, {1}, 1, z_i);
    combine({}, {y}, {1}, 1 / (h * diagonal), k);
    if (!l_.empty()) around_(/*start=*/false, [&] { l_[i] = own(dynamics_.explicit_part()->eval(time, z_i), z); });
    k_[i] = std::move(k);
    solved_.insert(solved_.end(), z_i.begin(), z_i.end());
  }
  if (z_next.empty()) z_next = empty_like(z);
  take_back(z_next);
  const bool finite = move(z, tableau_.b, tableau_.b, h, z_next);
  if (tableau_.a[0].back() != 0) k_[0] = start;
  return finite ? Result::fine : Result::non_finite;
}

TensorList ImplicitStages::inside(double theta, double h, const TensorList& z, const TensorList& z_next) {
  auto result = empty_like(z);
  if (tableau_.starts_explicitly())
    move(z, tableau_.weights_inside(theta), tableau_.weights_inside(theta), h, result);
  else
    combine(z, {z, z_next}, {-theta, theta}, 1, result);
  return result;
}

bool ImplicitStages::error(double h, TensorList& e) {
  auto raw = empty_like(k_[0]);
  if (!move({}, tableau_.error, tableau_.error, h, raw)) return false;
  e = equations_.damped(raw, h * tableau_.gamma());
  return all_finite(e);
}

namespace {

class ImplicitStepper final : public ForwardStepper {
 public:
  ImplicitStepper(Dynamics& f, RandomReplay& random, const ImplicitTableau& tableau, const NewtonSettings& settings, double t0, double t1,
                  const TensorList& z0, const SweepNeeds& needs, SweepObserver observer)
      : ForwardStepper(f, random, z0, needs, std::move(observer)),
        tableau_(tableau),
        stages_(
            f, tableau, settings, [this](bool start, const std::function<void()>& body) { around(start, body); }, work_),
        t_(t0),
        direction_(t1 < t0 ? -1 : 1) {
    state_.z = checked_start(z0, t0);
  }

  double error_order() const override { return tableau_.error_order; }

  double initial_step_size(double rtol, double atol, double span) override {
    evaluate_start(t_);
    require_finite_start(slope(), t_);
    const auto later = [this](double after, const TensorList& z) { return evaluate(t_ + after, z); };
    return hairer_first_step(state_.z, slope(), later, direction_, rtol, atol, span, tableau_.error_order, measured_count());
  }

  std::int64_t attempt(double t, double h, std::int64_t) override {
    tell(h);
    t_ = t;
    h_ = h;
    evaluate_start(t);
    trial_evaluation_ = evaluations_;
    in_trial_ = false;
    result_ = stages_.run(t, h, state_.z, z_next_);
    return trial_evaluation_;
  }
  std::int64_t start_evaluation() const override { return start_evaluation_; }

  double error(double rtol, double atol) override {
    if (result_ != ImplicitStages::Result::fine || !stages_.error(h_, error_)) return INFINITY;
    return scaled_error_norm(measured(error_), measured(state_.z), measured(z_next_), rtol, atol);
  }

  void require_acceptable() const override {
    require_unnoted(t_);
    if (result_ == ImplicitStages::Result::no_convergence)
      fail(Status::no_convergence, "the equations of implicit step ", accepted_ + 1, ", t = ", t_, ", h = ", h_, ", ",
           stages_.remedy(state_.z));
    if (result_ == ImplicitStages::Result::non_finite) fail_non_finite(stages_.evaluated(), accepted_ + 1, t_ + h_ / 2);
  }

  void accept() override {
    std::swap(state_.z, z_next_);
    has_start_ = false;
    step_accepted();
  }

  TensorList interpolated(double theta) override { return stages_.inside(theta, h_, z_next_, state_.z); }  // as accept() swapped them

  void retract() override {
    std::swap(state_.z, z_next_);
    has_start_ = true;
    step_retracted();
  }

  ImplicitWork work() const override { return work_; }
  TensorList solved_stages() const override { return stages_.solved(); }

 private:
  void evaluate_start(double t) {
    if (std::exchange(has_start_, true)) return;
    start_evaluation_ = evaluations_;
    stages_.begin(t, state_.z);
  }

  /// f(t, z).
  TensorList slope() const {
    if (stages_.l().empty()) return stages_.k()[0];
    auto sum = empty_like(state_.z);
    combine(stages_.k()[0], {stages_.l()[0]}, {1}, 1, sum);
    return sum;
  }

  void around(bool start, const std::function<void()>& body) {
    const auto number = start ? start_evaluation_ : trial_evaluation_;
    const bool first = start ? evaluations_ == start_evaluation_ : !std::exchange(in_trial_, true);
    evaluate_as(number, first, body);
  }

  const ImplicitTableau& tableau_;
  ImplicitWork work_;
  ImplicitStages stages_;
  TensorList z_next_, error_;
  double t_, direction_, h_ = 0;
  bool has_start_ = false, in_trial_ = false;
  std::int64_t start_evaluation_ = -1, trial_evaluation_ = -1;
  ImplicitStages::Result result_ = ImplicitStages::Result::fine;
};

class ImplicitReplay final : public Replay {
 public:
  ImplicitReplay(Dynamics& dynamics, RandomReplay& random, const ImplicitTableau& tableau, const NewtonSettings& settings,
                 const SolverState& start)
      : steps_(dynamics, random, tableau, settings), state_{copy_of({start.z, {}})} {}
  void step(const Grid::Step& step) override {
    steps_.run(step, state_.z, z_next_);
    std::swap(state_.z, z_next_);
  }
  SolverState& state() override { return state_; }
  ImplicitWork work() const override { return steps_.work(); }

 private:
  ImplicitSteps steps_;
  SolverState state_;
  TensorList z_next_;
};

class ImplicitSolver final : public Solver {
 public:
  ImplicitSolver(const ImplicitTableau& tableau, const NewtonSettings& settings) : tableau_(tableau), settings_(settings) {}

  std::unique_ptr<ForwardStepper> stepper(Dynamics& dynamics, RandomReplay& random, double t0, double t1, const TensorList& z0,
                                          const SweepNeeds& needs, SweepObserver observer) override {
    return std::make_unique<ImplicitStepper>(dynamics, random, tableau_, settings_, t0, t1, z0, needs, std::move(observer));
  }
  std::unique_ptr<Replay> replay(Dynamics& dynamics, RandomReplay& random, const SolverState& start) override {
    return std::make_unique<ImplicitReplay>(dynamics, random, tableau_, settings_, start);
  }
  std::unique_ptr<StepAdjoint> adjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters,
                                       bool wants_times) override {
    return std::make_unique<ImplicitAdjoint>(dynamics, random, tableau_, settings_, z, std::move(parameters), wants_times);
  }

 private:
  const ImplicitTableau& tableau_;
  NewtonSettings settings_;
};

}  // namespace

std::unique_ptr<Solver> make_implicit_solver(const ImplicitTableau& tableau, const NewtonSettings& settings) {
  return std::make_unique<ImplicitSolver>(tableau, settings);
}

}  // namespace neuralode
