// Explicit Runge-Kutta methods on operators that autograd records. Source of the formulas: solvers/runge_kutta.h.
#pragma once

#include "gradients/recorded.h"
#include "solvers/tableau.h"

namespace neuralode {

class RecordedRk : public RecordedStepper {
 public:
  RecordedRk(const Problem& problem, const Landings& landings)
      : RecordedStepper(problem, landings), tableau_(tableau_of(problem.options.solver)) {}

  double error_order() const override { return tableau_.error_order; }
  double initial_step_size(double rtol, double atol, double span) override;
  double error(double rtol, double atol) override;
  void accept() override;

 protected:
  void advance(const at::Tensor& start, const at::Tensor& length) override;
  /// k_1 = f(t, z) into u_, unless it is there already.
  void evaluate_start(const at::Tensor& t, const TensorList& z);
  /// k_2 on, of as many stages as u has.
  void evaluate_stages(const at::Tensor& start, const at::Tensor& length, const TensorList& z, std::vector<TensorList>& u);
  /// z + h sum of weights[j] u[j].
  static TensorList moved(const TensorList& z, const at::Tensor& h, const std::vector<double>& weights, const std::vector<TensorList>& u);

  const Tableau& tableau_;
  bool has_start_ = false;
};

}  // namespace neuralode
