// Rounds undone and differentiated on their rows. A sample that waited or was rejected keeps its cotangents, and gets what f pulls back to
// it where f couples the samples.
#pragma once

#include "solvers/alf_arithmetic.h"
#include "solvers/alf_kernels.h"
#include "solvers/per_sample/method.h"
#include "solvers/sweeps.h"

namespace neuralode {

class SampleReplay final : public Replay {
 public:
  /// start: copied.
  SampleReplay(Dynamics& dynamics, RandomReplay& random, std::unique_ptr<SampleMethod> method, const SolverState& start);
  void step(const Grid::Step& step) override;
  SolverState& state() override { return state_; }

 private:
  Dynamics& dynamics_;
  RandomReplay& random_;
  std::unique_ptr<SampleMethod> method_;
  SolverState state_;
};

/// Derivatives to the samples' times, of one round.
class SampleTimes {
 public:
  explicit SampleTimes(std::size_t batch) : start_(batch), h_(batch) {}
  /// Adds dL/dt of an evaluation at t + fraction h, (batch, 1, ..., 1) or undefined for zero.
  void add(const at::Tensor& a_t, double fraction);
  /// dL/dh besides what reaches it through t.
  std::vector<double>& lengths() { return h_; }
  std::vector<CotangentSweep::TimeCotangents> take() const;

 private:
  std::vector<double> start_, h_;
};

/// The discrete adjoint of solvers/runge_kutta.h for a tableau whose last stage is v'.
class SampleRkAdjoint final : public StepAdjoint {
 public:
  SampleRkAdjoint(Dynamics& dynamics, RandomReplay& random, const Tableau& tableau, const TensorList& z, TensorList parameters,
                  bool wants_times);
  TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) override;
  double start(double t0, const TensorList& z0) override;

 private:
  /// Linearises the stages that z' and, where the round closes, v' are made of; `k` gets what f gave.
  std::vector<Linearization> linearise(const Grid::Step& step, const SolverState& before, std::vector<TensorList>& k);
  /// The cotangent of stage i's z.
  TensorList pull(Linearization& linearization, std::size_t i, const TensorList& a_k, SampleTimes& times);
  /// a_k_i of the stages before the last. out: the cotangent of z'.
  TensorList stage_cotangent(std::size_t i, const SampleRound& round, const TensorList& base, const TensorList& out,
                             const std::vector<TensorList>& a_stages) const;

  const Tableau tableau_;
  TensorList a_v_;
};

/// ALF's adjoint, from the states before the rounds.
class SampleAlfAdjoint final : public StepAdjoint {
 public:
  SampleAlfAdjoint(Dynamics& dynamics, RandomReplay& random, double eta, const TensorList& z, TensorList parameters, bool wants_times);
  TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) override;
  double start(double t0, const TensorList& z0) override;

 private:
  const double eta_;
  TensorList a_v_, a_u_, k_, z_next_, v_next_;
};

/// ALF's inverse, which undoes the accepted steps of each round.
class SampleAlfInverse final : public StepInverse {
 public:
  /// drift: tells how far two states are apart; must outlive this.
  SampleAlfInverse(Dynamics& dynamics, RandomReplay& random, double eta, const AlfArithmetic& drift, const SolverState& end,
                   TensorList parameters, bool wants_times);
  TimeCotangents step(const Grid::Step& step, bool wants_h, const SolverState* before, const Grid::Step* next) override;
  Start start(double t0, TensorList z0) override;
  double speed() const override { return largest_value(state_.v); }
  double drift(const SolverState& known) const override { return drift_.drift(state_, known); }

 private:
  const double eta_;
  const AlfArithmetic& drift_;
  TensorList a_u_, k_;
};

}  // namespace neuralode
