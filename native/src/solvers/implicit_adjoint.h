// Implicit steps made again, and differentiated. Formulas: solvers/implicit_runge_kutta.h.
#pragma once

#include "solvers/implicit_runge_kutta.h"

namespace neuralode {

/// Steps of a forward sweep made again, to the bit.
class ImplicitSteps {
 public:
  ImplicitSteps(Dynamics& dynamics, RandomReplay& random, const ImplicitTableau& tableau, const NewtonSettings& settings);
  void run(const Grid::Step& step, const TensorList& z, TensorList& z_next);
  const TensorList& solved() const { return stages_.solved(); }
  const ImplicitWork& work() const { return work_; }

 private:
  const Grid::Step* step_ = nullptr;
  ImplicitWork work_;
  ImplicitStages stages_;
};

class ImplicitAdjoint final : public StepAdjoint {
 public:
  /// settings: must outlive this.
  ImplicitAdjoint(Dynamics& dynamics, RandomReplay& random, const ImplicitTableau& tableau, const NewtonSettings& settings,
                  const TensorList& z, TensorList parameters, bool wants_times);
  /// before.stages: used where they are there, else the step is made again.
  TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) override;
  double start(double, const TensorList&) override { return 0; }

 private:
  /// One stage, linearised.
  struct Stage {
    TensorList z;
    at::Tensor t;
    Linearization implicit_part, explicit_part;
    TensorList k, l;  ///< their values
  };
  std::vector<Stage> linearised_stages(const Grid::Step& step, const SolverState& before);
  /// x of (I - scale J^T) x = r.
  TensorList transposed_solve(const Stage& stage, const TensorList& r, double scale);
  /// h (b_i a_z' + sum over j > i of a_ji a_z_j).
  TensorList gathered(std::size_t i, const std::vector<std::vector<double>>& a, const std::vector<TensorList>& a_stages, double h) const;

  const ImplicitTableau& tableau_;
  const NewtonSettings& settings_;
  ImplicitSteps steps_;
  TensorList z_next_;
  bool apart_;
};

}  // namespace neuralode
