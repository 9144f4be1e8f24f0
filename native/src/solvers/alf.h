// The asynchronous-leapfrog (ALF) solver on fused kernels. Source: Zhuang et al. 2021, algorithms 2 to 4; docs/method.md.
//   step:    k = z + h/2 v;  u = f(t + h/2, k);  v' = (1 - 2 eta) v + 2 eta u;  z' = k + h/2 v'
//   start:   v0 = f(t0, z0)
//   error:   h (u - v), the difference to the Euler step with v: of order 2 in h
// Order 2 for eta = 1, else 1. One evaluation of f a step.
#pragma once

#include <functional>

#include "dynamics/dynamics.h"
#include "solvers/alf_arithmetic.h"
#include "solvers/drive.h"
#include "tensors/random_replay.h"

namespace neuralode {

/// Throws invalid_argument unless eta is in (0, 1] and not 1/2.
void check_eta(double eta);

/// A first step length to try: Hairer, Norsett & Wanner, Solving ODEs I, II.4, its first guess (no further evaluation), at most span.
double first_step_size(const TensorList& z, const TensorList& v, double rtol, double atol, double span);

/// What a forward sweep tells while it runs.
struct AlfObserver {
  std::function<void(double h, const AlfState& state)> before_step;  ///< once a step, before its first trial; h: the length tried
  std::function<void(std::int64_t landing, const AlfState& state)> on_landing;
};

/// Forward sweep, not recorded by autograd. The tensors it works in are kept from step to step.
class AlfStepper final : public Stepper {
 public:
  /// Evaluates v0. z0: copied. keep: whether the state before a tried step must outlive it. Throws non_finite for z0 or f(t0, z0).
  AlfStepper(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, double t0, const TensorList& z0, bool keep, AlfObserver observer);

  double error_order() const override { return 2; }
  double initial_step_size(double rtol, double atol, double span) override;
  std::int64_t attempt(double t, double h, std::int64_t landing) override;
  double error(double rtol, double atol) override;
  void require_acceptable() const override;
  void accept() override;
  void land(std::int64_t index) override { observer_.on_landing(index, state_); }

  /// The state at the end of the last accepted step.
  AlfState& state() { return state_; }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  TensorList evaluate(double t, const TensorList& z);

  Dynamics& dynamics_;
  RandomReplay& random_;
  AlfArithmetic& arithmetic_;
  AlfObserver observer_;
  AlfState state_, next_;  // next_: the tried step
  TensorList u_;
  double t_ = 0, h_ = 0;
  StepResult result_ = StepResult::fine;
  std::int64_t evaluations_ = 0, accepted_ = 0;
  bool new_step_ = true;
};

/// Steps of a forward sweep made again, from a state on its way.
class AlfReplay {
 public:
  AlfReplay(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, const AlfState& start);
  void step(const Grid::Step& step);
  const AlfState& state() const { return state_; }

 private:
  Dynamics& dynamics_;
  RandomReplay& random_;
  AlfArithmetic& arithmetic_;
  AlfState state_, next_;
};

/// Reverse sweep: reconstructs (z, v) step by step and carries their cotangents and the parameters' along.
///   k = z' - h/2 v';  u = f(t + h/2, k);  v = (v' - 2 eta u) / (1 - 2 eta);  z = k - h/2 v
///   s = a_v + h/2 a_z;  a_u = 2 eta s;  a_k = a_z + (df/dk)^T a_u;  a_z = a_k;  a_v = (1 - 2 eta) s + h/2 a_k
/// The inverse and the pullback need f at the same k: one linearised evaluation a step.
class AlfReverse {
 public:
  /// end: copied. parameters: those that gradients are wanted for. Cotangents start at zero.
  AlfReverse(Dynamics& dynamics, RandomReplay& random, AlfArithmetic& arithmetic, const AlfState& end, TensorList parameters, bool wants_times);

  /// Adds the cotangent of a state that was given out; undefined entries are zero.
  void add_cotangent(const TensorList& a_z);
  /// Undoes one step. Returns what it adds to the derivatives to time: to that of the evaluation's time, t + h/2, and to that
  /// of h elsewhere, <a_k, v>/2 + <a_z, v'>/2. Both 0 unless times are wanted; the second only where `wants_h`.
  struct TimeCotangents {
    double evaluation_time = 0;
    double h = 0;
  };
  TimeCotangents step(const Grid::Step& step, bool wants_h);
  /// Pulls a_v back through v0 = f(t0, z0).
  struct Start {
    TensorList v0;
    double a_t0 = 0;
  };
  Start start(double t0, const TensorList& z0);

  /// Goes on from `state` (copied) with the cotangents as they are.
  void set_state(const AlfState& state);
  const AlfState& state() const { return state_; }

  /// The states' cotangents, for going back to where they were; empty lists stand for zero.
  struct Cotangents {
    TensorList a_z, a_v;
  };
  Cotangents copy_cotangents() const;
  void set_cotangents(const Cotangents& cotangents);
  /// The cotangents of the parameters that were added since the last call.
  TensorList take_parameters();
  TensorList& a_z() { return a_z_; }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  std::pair<TensorList, InputCotangents> linearised(double t, const TensorList& z, const TensorList& a_u, std::int64_t evaluation);
  double scalar(const at::Tensor& a_t) const { return a_t.defined() ? a_t.item<double>() : 0; }

  Dynamics& dynamics_;
  RandomReplay& random_;
  AlfArithmetic& arithmetic_;
  TensorList parameters_;
  bool wants_times_;
  AlfState state_;
  TensorList a_u_, a_z_, a_v_, a_parameters_;
  TensorList zeros_;  // made when a pullback leaves a state's cotangent out
  std::int64_t evaluations_ = 0;
};

/// sum += gradients, undefined entries being zero; takes a gradient over where there is no sum yet and it is nobody else's.
void accumulate(TensorList& sum, const TensorList& gradients);

}  // namespace neuralode
