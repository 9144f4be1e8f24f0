// Explicit Runge-Kutta methods on fused kernels: any tableau of solvers/tableau.h. No hidden state.
#pragma once

#include "solvers/rk_increment.h"
#include "solvers/solver.h"

namespace neuralode {

/// The stages of one step and the tensors they are computed in.
class RkStages {
 public:
  /// u = f(t, z) of stage `stage`, as f gave it.
  using Evaluate = std::function<TensorList(std::size_t stage, double t, const TensorList& z)>;

  explicit RkStages(const Tableau& tableau) : tableau_(tableau) {}

  /// Stages 1 on, from k()[0] = f(t, z), and z' into z_next. closing: whether a FSAL method's last stage, f(t + h, z'), is wanted too.
  /// Returns whether all of z' is finite.
  bool run(double t, double h, const TensorList& z, const Evaluate& evaluate, bool closing, TensorList& z_next,
           DeviceNotes* notes = nullptr);
  /// Stages 1 on alone, a FSAL method's last left out.
  void make(double t, double h, const TensorList& z, const Evaluate& evaluate);
  /// A FSAL method's last stage, f(t + h, z + h sum of b_i k_i).
  void close(double t, double h, const TensorList& z, const Evaluate& evaluate);
  /// Makes stage `stage` of what f returned for z: laid out as z and nobody else's.
  void set(std::size_t stage, TensorList u, const TensorList& z);

  std::vector<TensorList>& k() { return k_; }
  const std::vector<TensorList>& k() const { return k_; }

 private:
  const TensorList& z_stage(const TensorList& z, const std::vector<double>& weights, double h);

  const Tableau& tableau_;
  std::vector<TensorList> k_;
  TensorList z_stage_;
};

class RkStepper : public ForwardStepper {
 public:
  /// t1: for the direction. z0: copied. f(t, z) is evaluated once a step, however often the step is tried. Throws non_finite for z0.
  RkStepper(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, double t0, double t1, const TensorList& z0,
            const SweepNeeds& needs, SweepObserver observer);

  double error_order() const override { return tableau_.error_order; }
  double initial_step_size(double rtol, double atol, double span) override;
  std::int64_t attempt(double t, double h, std::int64_t landing) override;
  std::int64_t start_evaluation() const override { return start_evaluation_; }
  double start_time() const override { return start_time_; }
  double error(double rtol, double atol) override;
  void require_acceptable() const override;
  void accept() override;
  TensorList interpolated(double theta) override;
  void retract() override;

 protected:
  /// k_1 = f(t, z), unless it is there already.
  void evaluate_start(double t, const TensorList& z);
  RkStages::Evaluate evaluation() {
    return [this](std::size_t, double time, const TensorList& z) { return evaluate(time, z); };
  }
  /// Scaled norm of the embedded error estimate.
  double embedded_error(const TensorList& z_next, double rtol, double atol);

  const Tableau& tableau_;
  RkStages stages_;
  double t_, h_ = 0;
  bool has_start_ = false, finite_ = true;

 private:
  TensorList z_next_, error_;
  double direction_, start_time_ = 0, previous_start_time_ = 0;
  std::int64_t start_evaluation_ = -1, previous_start_ = -1;
};

class RkReplay final : public Replay {
 public:
  /// start: copied.
  RkReplay(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, const SolverState& start);
  void step(const Grid::Step& step) override;
  SolverState& state() override { return state_; }

 private:
  TensorList evaluate(const Grid::Step& step, std::size_t stage, double t, const TensorList& z);

  Dynamics& dynamics_;
  RandomReplay& random_;
  const Tableau& tableau_;
  RkStages stages_;
  SolverState state_;
  TensorList z_next_;
};

class RkAdjoint final : public StepAdjoint {
 public:
  RkAdjoint(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, const TensorList& z, TensorList parameters, bool wants_times)
      : StepAdjoint(dynamics, random, z, std::move(parameters), wants_times), increment_(*this, tableau) {}
  TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) override {
    increment_.join(std::exchange(inside_, {}));
    increment_.linearize(step.t, step.h, before.z, {step.start, step.start_time}, step.evaluation);
    return increment_.pull_back(a_z_, 1, a_z_, wants_h);
  }
  double start(double, const TensorList&) override { return 0; }

 private:
  RkIncrement increment_;
};

std::unique_ptr<Solver> make_rk_solver(const Tableau& tableau);

}  // namespace neuralode
