// Explicit Runge-Kutta methods made reversible by coupling two solutions. Source: McCallum & Foster 2024, equations 4 and 5.
//   step:     y' = c y + (1 - c) z + Psi_h(t, z);          z' = z - Psi_-h(t + h, y');        Psi: solvers/rk_increment.h
//   inverse:  z = z' + Psi_-h(t + h, y');                  y = (y' - (1 - c) z - Psi_h(t, z)) / c
//   start:    z = y
//   error:    the embedded one of Psi_h(t, z)
// y, the solution, is SolverState::z; z, its companion, SolverState::v. The order is that of Psi, an evaluation per used stage of each
// half. c < 1 pulls y and z together, which gives the method a region of stability, and expands errors by 1 / c when a step is undone.
#pragma once

#include "solvers/rk_increment.h"
#include "solvers/runge_kutta.h"

namespace neuralode {

/// One coupled method.
struct CoupledRk {
  const Tableau& tableau;
  double c;       ///< (0, 1]
  bool adaptive;  ///< whether trials evaluate what the error estimate needs

  /// A FSAL method's last stage serves the error estimate alone.
  bool closes() const { return adaptive && tableau.fsal; }
  /// Number of the evaluation at y' that the second half of a step begins with; the others follow.
  std::int64_t second_half(const Grid::Step& step) const {
    return step.evaluation + static_cast<std::int64_t>(tableau.used_stages()) - 1 + (closes() ? 1 : 0);
  }

  // The element-wise parts. k: the stages of Psi_h(t, z) or Psi_-h(t + h, y'). The results are written over whatever was there, and may
  // be tensors that are read. Return whether all of the result is finite.
  bool next_y(const TensorList& y, const TensorList& z, const std::vector<TensorList>& k, double h, const TensorList& y_next,
              DeviceNotes* notes = nullptr) const;
  bool next_z(const TensorList& z, const std::vector<TensorList>& k, double h, const TensorList& z_next,
              DeviceNotes* notes = nullptr) const;
  void previous_z(const TensorList& z_next, const std::vector<TensorList>& k, double h, const TensorList& z) const;
  void previous_y(const TensorList& y_next, const TensorList& z, const std::vector<TensorList>& k, double h, const TensorList& y) const;

  /// Pulls the cotangents of (y', z') back through a step whose halves are linearised, in place: a_y, a_z of (y, z) on return. The halves
  /// are two, so that the second can be let go before the first is there.
  CotangentSweep::TimeCotangents pull_back_second(RkIncrement& second, const TensorList& a_y, const TensorList& a_z, bool wants_h) const;
  CotangentSweep::TimeCotangents pull_back_first(RkIncrement& first, const TensorList& a_y, const TensorList& a_z, bool wants_h) const;
};

/// Evaluates f(t, z) once a step, and the second half where the error estimate accepts the first. Companion and solution live in tensors of
/// their own from step to step.
class CoupledRkStepper final : public RkStepper {
 public:
  /// As RkStepper.
  CoupledRkStepper(Dynamics& dynamics, RandomReplay& random, const CoupledRk& method, double t0, double t1, const TensorList& z0,
                   const SweepNeeds& needs, SweepObserver observer);
  std::int64_t attempt(double t, double h, std::int64_t landing) override;
  double error(double rtol, double atol) override;
  void accept() override;

 private:
  void second_half();

  CoupledRk method_;
  SolverState next_;
  TensorList k_first_;  ///< f(t, z), while the second half's stages are in its place
};

class CoupledRkReplay final : public Replay {
 public:
  /// start: copied.
  CoupledRkReplay(Dynamics& dynamics, RandomReplay& random, const CoupledRk& method, const SolverState& start);
  void step(const Grid::Step& step) override;
  SolverState& state() override { return state_; }

 private:
  /// All stages of the increment from z. first, rest: numbers of the evaluations of stage 0 and stage 1.
  void stages(double t, double h, const TensorList& z, std::int64_t first, std::int64_t rest);

  Dynamics& dynamics_;
  RandomReplay& random_;
  CoupledRk method_;
  RkStages stages_;
  SolverState state_;
  TensorList spare_;
};

class CoupledRkAdjoint final : public StepAdjoint {
 public:
  CoupledRkAdjoint(Dynamics& dynamics, RandomReplay& random, const CoupledRk& method, const TensorList& z, TensorList parameters,
                   bool wants_times);
  TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) override;
  double start(double t0, const TensorList& z0) override;

 private:
  CoupledRk method_;
  RkIncrement first_, second_;
  TensorList a_v_, y_next_;
};

/// Each stage's linearised evaluation serves the reconstruction and the cotangents.
class CoupledRkInverse final : public StepInverse {
 public:
  /// span: |t1 - t0|.
  CoupledRkInverse(Dynamics& dynamics, RandomReplay& random, const CoupledRk& method, double span, const SolverState& end,
                   TensorList parameters, bool wants_times);
  TimeCotangents step(const Grid::Step& step, bool wants_h, const SolverState* before, const Grid::Step* next) override;
  Start start(double t0, TensorList z0) override;
  /// Over the tensors of y and z: max |dy| / max(max |y|, span max |f|) with f at the state, and the same of z.
  double speed() const override;
  double drift(const SolverState& known) const override;

 private:
  CoupledRk method_;
  double span_;
  RkIncrement increment_;
  TensorList spare_;
  std::vector<double> speed_;  ///< max |f| of each tensor of the state that it stands at
};

std::unique_ptr<Solver> make_coupled_rk_solver(const CoupledRk& method, double span);

}  // namespace neuralode
