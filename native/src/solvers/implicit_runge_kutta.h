// Diagonally implicit Runge-Kutta methods: any tableau of solvers/implicit_tableau.h; IMEX where f is split and the tableau has an explicit
// method.
//   y = h a_ii f(t_i, base_i + y);   z_i = base_i + y;   k_i = y / (h a_ii)
// f(t, z) is evaluated once a step, however often the step is tried. All other evaluations of a step draw the same random numbers.
// Error estimates are passed through (I - h gamma J)^-1, without which stiff components drown them (Hosea & Shampine 1996).
// Discrete adjoint of a step (Zhang & Zhao 2022), from the last stage to the first, J_i = dk_i/dz_i, E_i that of the explicit part:
//   q_i = E_i^T h (b_i a_z' + sum over j > i of explicit_a_ji a_z_j)
//   (I - h a_ii J_i^T) a_k_i = h (b_i a_z' + sum over j > i of a_ji a_z_j) + h a_ii q_i;   a_z_i = q_i + J_i^T a_k_i;   a_z = a_z' + sum of
//   a_z_i
#pragma once

#include "solvers/implicit_tableau.h"
#include "solvers/newton.h"
#include "solvers/solver.h"

namespace neuralode {

/// The stages of one step.
class ImplicitStages {
 public:
  enum class Result { fine, non_finite, no_convergence };

  /// All but around must outlive this.
  ImplicitStages(Dynamics& dynamics, const ImplicitTableau& tableau, const NewtonSettings& settings, StageEquations::Around around,
                 ImplicitWork& work);

  /// f(t, z).
  void begin(double t, const TensorList& z);
  /// The rest of the step, z' into z_next.
  Result run(double t, double h, const TensorList& z, TensorList& z_next);
  /// See StageEquations.
  std::string remedy(const TensorList& z) const { return equations_.remedy(z); }
  /// z(t + theta h) of the step last run from z to z_next.
  TensorList inside(double theta, double h, const TensorList& z, const TensorList& z_next);
  /// The damped error estimate of the step, laid out as z; false where it is not finite.
  bool error(double h, TensorList& e);

  /// z_i of the implicit stages, one stage after the other.
  const TensorList& solved() const { return solved_; }
  /// Slopes k_i, and those of the explicit part where f is split.
  const std::vector<TensorList>& k() const { return k_; }
  const std::vector<TensorList>& l() const { return l_; }
  /// f where the step met something that is not finite.
  const std::vector<TensorList>& evaluated() const { return infinite_.empty() ? k_ : infinite_; }

 private:
  /// out = z + h sum of weights[j] k_j + h sum of explicit_weights[j] l_j.
  bool move(const TensorList& z, const std::vector<double>& weights, const std::vector<double>& explicit_weights, double h,
            TensorList& out);

  Dynamics& dynamics_;
  const ImplicitTableau& tableau_;
  StageEquations::Around around_;
  StageEquations equations_;
  ImplicitWork& work_;
  std::vector<TensorList> k_, l_;
  TensorList solved_;
  std::vector<TensorList> infinite_;  ///< f of one stage
};

/// Whether a step of these dynamics treats two parts apart.
bool steps_apart(Dynamics& dynamics, const ImplicitTableau& tableau);

std::unique_ptr<Solver> make_implicit_solver(const ImplicitTableau& tableau, const NewtonSettings& settings);

}  // namespace neuralode
