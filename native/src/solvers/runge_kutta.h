// Explicit Runge-Kutta methods on fused kernels: any tableau of solvers/tableau.h. No hidden state.
// Discrete adjoint of a step (Zhang & Zhao 2022, equation 7), from the last used stage i to the first:
//   a_k_i = h (b_i a_z' + sum over j > i of a_ji a_z_j);   a_z_i = (df/dz_i)^T a_k_i;   a_z = a_z' + sum of a_z_i
// The cotangent g of a state interpolated at theta adds h b_i(theta) g to a_k_i and g to a_z.
#pragma once

#include "solvers/solver.h"
#include "solvers/tableau.h"

namespace neuralode {

/// The stages of one step and the tensors they are computed in.
class RkStages {
 public:
  /// u = f(t, z) of stage `stage`, as f gave it.
  using Evaluate = std::function<TensorList(std::size_t stage, double t, const TensorList& z)>;

  explicit RkStages(const Tableau& tableau) : tableau_(tableau) {}

  /// Stages 1 on, from k()[0] = f(t, z), and z' into z_next. closing: whether a FSAL method's last stage, f(t + h, z'), is wanted too.
  /// Returns whether all of z' is finite.
  bool run(double t, double h, const TensorList& z, const Evaluate& evaluate, bool closing, TensorList& z_next);
  /// Makes stage `stage` of what f returned for z: laid out as z and nobody else's.
  void set(std::size_t stage, TensorList u, const TensorList& z);

  std::vector<TensorList>& k() { return k_; }
  const std::vector<TensorList>& k() const { return k_; }

 private:
  const Tableau& tableau_;
  std::vector<TensorList> k_;
  TensorList z_stage_;
};

class RkStepper final : public ForwardStepper {
 public:
  /// t1: for the direction. z0: copied. f(t, z) is evaluated once a step, however often the step is tried. Throws non_finite for z0.
  RkStepper(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, double t0, double t1, const TensorList& z0,
            SweepObserver observer);

  double error_order() const override { return tableau_.error_order; }
  double initial_step_size(double rtol, double atol, double span) override;
  std::int64_t attempt(double t, double h, std::int64_t landing) override;
  std::int64_t start_evaluation() const override { return start_evaluation_; }
  double error(double rtol, double atol) override;
  void require_acceptable() const override;
  void accept() override;
  TensorList interpolated(double theta) override;
  void retract() override;

 private:
  void evaluate_start(double t);

  const Tableau& tableau_;
  RkStages stages_;
  TensorList z_next_, error_;
  double t_, direction_, h_ = 0;
  bool has_start_ = false, finite_ = true;
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
  RkAdjoint(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, const TensorList& z, TensorList parameters, bool wants_times);
  TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) override;
  double start(double, const TensorList&) override { return 0; }

 private:
  /// One step, linearised stage by stage.
  struct Stages;
  struct Outputs;
  Stages linearised_stages(const Grid::Step& step, const TensorList& z);
  /// What outputs inside the step ask of the derivatives to its h and to their theta.
  void differentiate_times(const Stages& stages, double h, bool wants_h, TimeCotangents& result) const;
  Outputs outputs() const;
  /// a_k_i from the outputs and the later stages' a_z_j; empty for zero.
  TensorList stage_cotangent(std::size_t i, double h, const Outputs& outputs, const std::vector<TensorList>& a_stages) const;

  const Tableau& tableau_;
};

std::unique_ptr<Solver> make_rk_solver(const Tableau& tableau);

}  // namespace neuralode
