// A solver: one method of stepping, and everything that sweeps are made of from it. Gradient methods know solvers through this alone.
#pragma once

#include <memory>

#include "solvers/alf_arithmetic.h"
#include "solvers/solver_kind.h"
#include "solvers/sweeps.h"

namespace neuralode {

/// One object serves one sweep: it may hold work space.
class Solver {
 public:
  virtual ~Solver() = default;

  /// At t0. t1: for the direction. z0: copied. Throws non_finite for z0 and,
  /// where the solver evaluates it, f(t0, z0).
  virtual std::unique_ptr<ForwardStepper> stepper(Dynamics& dynamics, RandomReplay& random, double t0, double t1, const TensorList& z0,
                                                  const SweepNeeds& needs, SweepObserver observer) = 0;
  /// start: copied.
  virtual std::unique_ptr<Replay> replay(Dynamics& dynamics, RandomReplay& random, const SolverState& start) = 0;
  /// z: for shapes, strides and dtypes.
  virtual std::unique_ptr<StepAdjoint> adjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters,
                                               bool wants_times) = 0;
  /// Of a reversible solver, else null.
  virtual std::unique_ptr<StepInverse> inverse(Dynamics&, RandomReplay&, const SolverState&, TensorList, bool) { return nullptr; }

  /// The state at t0 once more, with the draws of the forward sweep. z0: dense, kept by the state.
  virtual SolverState start(Dynamics&, RandomReplay&, double, TensorList z0) { return {std::move(z0), {}}; }
  /// z of a state as floats; maybe its very tensors.
  virtual TensorList z_of(const SolverState& state) const { return state.z; }
  /// What adjoint() takes as a state before a step.
  virtual SolverState in_floats(const SolverState& state) const { return state; }

  /// Of a reversible solver: log of what undoing one step does to an error, f apart.
  virtual double log_amplification() const { return 0; }
  /// Whether undoing is exact where f is deterministic.
  virtual bool exact() const { return false; }
};

struct SolverChoice {
  SolverKind kind = SolverKind::alf;
  double eta = 1;              ///< alf
  bool exact = false;          ///< alf: on a lattice
  double coupling = 0;         ///< explicit Runge-Kutta methods: > 0 couples their steps
  bool adaptive = false;       ///< whether steps need an error estimate
  bool interpolating = false;  ///< steppers can interpolate and retract, step adjoints and inverses take add_interpolated
  NewtonSettings newton = {};       ///< implicit solvers
};

/// lattice: of the exact arithmetic, chosen at its start; must outlive the solver. span: |t1 - t0|.
std::unique_ptr<Solver> make_solver(const SolverChoice& choice, Lattice& lattice, double span);

}  // namespace neuralode
