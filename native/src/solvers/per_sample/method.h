// The arithmetic of a round on rows of (z, v): v is ALF's velocity or, for Runge-Kutta methods, f(t, z), so that a sample whose trial is
// rejected keeps it. A round is then a function of (z, v), t and h, whatever the samples did before.
#pragma once

#include <functional>
#include <memory>

#include "solvers/per_sample/rows.h"
#include "solvers/tableau.h"

namespace neuralode {

class SampleMethod {
 public:
  virtual ~SampleMethod() = default;
  /// u = f(t, z) as f gave it, evaluation `index` of the round.
  using Evaluate = std::function<TensorList(std::int64_t index, const std::vector<double>& t, const TensorList& z)>;

  /// Tries the round's steps from `state`. estimates: whether error_norms will be asked for.
  virtual void attempt(const SampleRound& round, const SolverState& state, bool estimates, const Evaluate& evaluate) = 0;
  /// Scaled error norm of each sample's trial, infinite where it is not finite.
  virtual std::vector<double> error_norms(const SampleRound& round, const SolverState& state, double rtol, double atol) = 0;
  /// Where round.closing, evaluates what v' still needs; then accepted rows of `state` become (z', v').
  virtual void accept(const SampleRound& round, SolverState& state, const Evaluate& evaluate) = 0;
  /// f of the tried stages, for naming what is not finite.
  virtual std::vector<TensorList> stages() const = 0;
};

/// The tableau with f(t + h, z') as its last stage, as FSAL methods have it: that of the next step's start.
Tableau closed(const Tableau& tableau);

std::unique_ptr<SampleMethod> make_sample_rk(const Tableau& tableau);
std::unique_ptr<SampleMethod> make_sample_alf(double eta);

/// u laid out as `z`, in memory that nobody else holds: f may return its input, or a tensor that it keeps.
TensorList owned(TensorList u, const TensorList& z);
/// Copies the tensors that somebody else holds too, so that rows of them can be written.
void make_own(TensorList& tensors);

/// t as f takes it: (batch, 1, ..., 1) with as many dimensions as z[0], of its dtype and device.
at::Tensor sample_times(const std::vector<double>& t, const TensorList& z);

}  // namespace neuralode
