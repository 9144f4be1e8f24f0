// The asynchronous-leapfrog (ALF) solver on fused kernels. Source: Zhuang et al. 2021, algorithms 2 to 4; docs/method.md.
//   step:    k = z + h/2 v;  u = f(t + h/2, k);  v' = (1 - 2 eta) v + 2 eta u;  z' = k + h/2 v'
//   start:   v0 = f(t0, z0)
//   error:   h (u - v), the difference to the Euler step with v: of order 2 in h
// Order 2 for eta = 1, else 1. One evaluation of f a step.
#pragma once

#include <functional>

#include "dynamics/dynamics.h"
#include "solvers/drive.h"
#include "tensors/random_replay.h"

namespace neuralode {

/// Throws invalid_argument unless eta is in (0, 1] and not 1/2.
void check_eta(double eta);

struct AlfState {
  TensorList z, v;
};

/// A first step length to try: Hairer, Norsett & Wanner, Solving ODEs I, II.4, its first guess (no further evaluation), at most span.
double first_step_size(const AlfState& state, double rtol, double atol, double span);

/// Forward sweep, not recorded by autograd. The tensors it works in are kept from step to step.
class AlfStepper final : public Stepper {
 public:
  /// Evaluates v0. z0: copied. adaptive: whether a tried step may be rejected. on_landing(index, z): at each landing time.
  AlfStepper(Dynamics& dynamics, RandomReplay& random, double t0, const TensorList& z0, double eta, bool adaptive,
             std::function<void(std::int64_t, const TensorList&)> on_landing);

  double error_order() const override { return 2; }
  double initial_step_size(double rtol, double atol, double span) override { return first_step_size(state_, rtol, atol, span); }
  std::int64_t attempt(double t, double h, std::int64_t landing) override;
  double error(double rtol, double atol) override;
  void accept() override;
  void land(std::int64_t index) override { on_landing_(index, state_.z); }

  /// Ends the sweep: the state at the last landing time.
  AlfState take() { return std::move(state_); }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  TensorList evaluate(double t, const TensorList& z);

  Dynamics& dynamics_;
  RandomReplay& random_;
  double eta_;
  std::function<void(std::int64_t, const TensorList&)> on_landing_;
  AlfState state_;
  TensorList k_;       // the midpoint, then z of the tried step
  TensorList v_next_;  // v of the tried step; the very tensors of state_.v when no step can be rejected
  TensorList u_;
  double h_ = 0;
  std::int64_t evaluations_ = 0;
};

/// Reverse sweep: reconstructs (z, v) step by step and carries their cotangents and the parameters' along.
///   k = z' - h/2 v';  u = f(t + h/2, k);  v = (v' - 2 eta u) / (1 - 2 eta);  z = k - h/2 v
///   s = a_v + h/2 a_z;  a_u = 2 eta s;  a_k = a_z + (df/dk)^T a_u;  a_z = a_k;  a_v = (1 - 2 eta) s + h/2 a_k
/// The inverse and the pullback need f at the same k: one linearised evaluation a step.
class AlfReverse {
 public:
  /// end: copied. parameters: those that gradients are wanted for. Cotangents start at zero.
  AlfReverse(Dynamics& dynamics, RandomReplay& random, const AlfState& end, double eta, TensorList parameters, bool wants_times);

  /// Adds the cotangent of a state that was given out; undefined entries are zero.
  void add_cotangent(const TensorList& a_z);
  /// Undoes one step. Returns what it adds to the derivatives to time: to that of the evaluation's time, t + h/2, and to that
  /// of h elsewhere, <a_k, v>/2 + <a_z, v'>/2. Both 0 unless times are wanted; the second only where `wants_h`.
  struct TimeCotangents {
    double evaluation_time = 0;
    double h = 0;
  };
  TimeCotangents step(const Grid::Step& step, bool wants_h);
  /// Pulls a_v back through v0 = f(t0, z0). Returns dL/dt0 through it.
  double start(double t0);

  const AlfState& state() const { return state_; }
  TensorList& a_z() { return a_z_; }
  TensorList& a_parameters() { return a_parameters_; }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  std::pair<TensorList, InputCotangents> linearised(double t, const TensorList& z, const TensorList& a_u, std::int64_t evaluation);
  void accumulate(const TensorList& a_parameters);
  double scalar(const at::Tensor& a_t) const { return a_t.defined() ? a_t.item<double>() : 0; }

  Dynamics& dynamics_;
  RandomReplay& random_;
  double eta_;
  TensorList parameters_;
  bool wants_times_;
  AlfState state_;
  TensorList k_, a_u_, a_z_, a_v_, a_parameters_;
  TensorList zeros_;  // made when a pullback leaves a state's cotangent out
  std::int64_t evaluations_ = 0;
};

}  // namespace neuralode
