// Problems whose reverse sweeps drift.
#pragma once

#include "support/ode.h"

namespace neuralode::testing {

inline SolveOptions kept(SnapshotKind snapshots, double h, double eta = 1, std::int64_t interval = 0) {
  auto options = fixed_steps(h, eta);
  options.snapshots = snapshots;
  options.snapshot_interval = interval;
  return options;
}

/// z' = -2 z + tanh(z W): undone, errors grow as e^(2 t) and more.
inline std::shared_ptr<Dynamics> contracting(at::ScalarType dtype) {
  const auto w = wave({4, 4}, 0.3, 0.5, dtype).requires_grad_();
  return dynamics([w](const at::Tensor&, const TensorList& z) { return TensorList{z[0].matmul(w).tanh() - 2 * z[0]}; }, {w});
}

inline Ode long_contraction(at::ScalarType dtype) { return {contracting(dtype), {wave({3, 4}, 0.2, 1, dtype)}, 0, 10}; }

inline Gradients backprop_of(const Ode& ode, double h, double eta = 1) {
  return differentiate(ode, fixed_steps(h, eta, GradientKind::backprop));
}

}  // namespace neuralode::testing
