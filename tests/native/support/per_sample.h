// Problems whose samples ask for different steps.
#pragma once

#include <algorithm>

#include "solvers/tableau.h"
#include "support/ode.h"

namespace neuralode::testing {

constexpr SolverKind sample_solvers[] = {SolverKind::alf,    SolverKind::heun_euler, SolverKind::bosh3,
                                         SolverKind::dopri5, SolverKind::tsit5,      SolverKind::dopri8};

inline std::string sample_solver_name(SolverKind solver) {
  std::string name = traits_of(solver).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

inline SolveOptions per_sample(SolverKind solver, SolveOptions options) {
  options.solver = solver;
  options.per_sample = true;
  return options;
}

/// x' = y, y' = mu (1 - x^2) y - x; each sample's mu is the third number of its state.
inline std::shared_ptr<Dynamics> van_der_pol() {
  return dynamics([](const at::Tensor&, const TensorList& z) {
    const auto x = z[0].select(1, 0), y = z[0].select(1, 1), mu = z[0].select(1, 2);
    return TensorList{at::stack({y, mu * (1 - x * x) * y - x, at::zeros_like(mu)}, 1)};
  });
}

/// From (2, 0).
inline at::Tensor starts_of(const std::vector<double>& parameters) {
  auto z = at::zeros({static_cast<std::int64_t>(parameters.size()), 3}, at::kDouble);
  z.select(1, 0).fill_(2);
  z.select(1, 2).copy_(at::tensor(parameters, at::kDouble));
  return z;
}

/// Oscillators x'' = -w^2 x (1 + x^2 / 2) at their own speeds: x' = w y; each sample's w is the third number of its state. Not stiff: ALF,
/// which does not damp, takes very short steps where the solution contracts fast.
inline std::shared_ptr<Dynamics> oscillators() {
  return dynamics([](const at::Tensor&, const TensorList& z) {
    const auto x = z[0].select(1, 0), y = z[0].select(1, 1), w = z[0].select(1, 2);
    return TensorList{at::stack({w * y, -w * x * (1 + x * x / 2), at::zeros_like(w)}, 1)};
  });
}

/// A tuple of tensors of three samples, on a trajectory backward in time.
inline Ode tuple_of_time(const Mlp& mlp) {
  const auto f = dynamics(
      [mlp](const at::Tensor& t, const TensorList& z) {
        const auto of_samples = t.dim() == 0 ? t : t.squeeze(1);
        return TensorList{mlp(t, z[0]) * (1 + z[1] * z[1]).unsqueeze(1), (z[0].sum(1) * of_samples).sin() - z[1]};
      },
      mlp.parameters());
  const auto scale = at::tensor({0.2, 1.0, 3.0}, at::kDouble);
  return {f, {wave({3, 4}) * scale.unsqueeze(1), wave({3}, 1) * scale}, 1, -0.6, {1, 0.45, -0.6}};
}

/// Sample b alone, a batch of one.
inline Ode sample_of(Ode ode, std::int64_t b) {
  for (auto& z : ode.z0) z = z.narrow(0, b, 1);
  return ode;
}

}  // namespace neuralode::testing
