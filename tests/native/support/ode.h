// Small initial value problems and their gradients by any method.
#pragma once

#include <ATen/ATen.h>

#include "dynamics/autograd_dynamics.h"
#include "gradients/solve.h"

namespace neuralode::testing {

inline std::shared_ptr<Dynamics> dynamics(DynamicsFunction f, TensorList parameters = {}, TensorList buffers = {}) {
  return std::make_shared<FunctionDynamics>(std::move(f), std::move(parameters), std::move(buffers));
}

inline at::Tensor time_of(double t, bool requires_grad = false) { return at::scalar_tensor(t, at::kDouble).requires_grad_(requires_grad); }

/// Numbers that no generator is needed for: amplitude * cos(1.3 i + phase).
at::Tensor wave(at::IntArrayRef sizes, double phase = 0, double amplitude = 1, at::ScalarType dtype = at::kDouble);

SolveOptions fixed_steps(double h, double eta = 1, GradientKind gradient = GradientKind::mali);
SolveOptions adaptive_steps(double rtol, double atol, GradientKind gradient = GradientKind::mali);

/// f(t, z) = tanh(z W1 + b + c t) W2, a state of (3, 4); parameters W1, b, c, W2, which require gradients.
struct Mlp {
  explicit Mlp(at::ScalarType dtype = at::kDouble);
  at::Tensor operator()(const at::Tensor& t, const at::Tensor& z) const;
  TensorList parameters() const { return {w1, b, c, w2}; }
  std::shared_ptr<Dynamics> dynamics() const;
  at::Tensor w1, b, c, w2;
};

/// An initial value problem. t_eval: empty for the state at t1 alone.
struct Ode {
  std::shared_ptr<Dynamics> f;
  TensorList z0;
  double t0 = 0, t1 = 1;
  std::vector<double> t_eval = {};
};

struct Gradients {
  TensorList states;
  TensorList a_z0, a_parameters;
  at::Tensor a_t0, a_t1, a_t_eval;  ///< undefined where the input was not used
  Statistics statistics;
};

/// A fixed loss: the inner product with waves.
at::Tensor loss_of(const TensorList& states);
Solution solve_plainly(const Ode& ode, const SolveOptions& options);
/// Solves, and differentiates loss_of by every input.
Gradients differentiate(const Ode& ode, const SolveOptions& options);
/// The largest gap between any of the two's gradients and states.
double gap(const Gradients& a, const Gradients& b);

}  // namespace neuralode::testing
