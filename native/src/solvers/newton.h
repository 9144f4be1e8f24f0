// The equations of an implicit stage, y = scale f(t, base + y), by Newton's method: with the Jacobian of the step's start as long as that
// converges quickly (small states), or with GMRES on products by the newest one (large states, inexact Newton).
// Source: Hairer & Wanner, Solving ODEs II, IV.8; Knoll & Keyes 2004.
#pragma once

#include <cstdint>

#include "dynamics/dynamics.h"
#include "solvers/step_size.h"

namespace neuralode {

/// 0 everywhere: chosen. See neuralode_solve_options.
struct NewtonOptions {
  double tolerance = 0;
  std::int64_t dense_limit = 0;
  std::int32_t max_iterations = 0;
  std::int32_t krylov_dimension = 0;
};

/// Options with everything chosen. An update is small when the root mean square of x / (atol + rtol |z|) is below 1.
struct NewtonSettings {
  double rtol = 0, atol = 0;
  double epsilon = 0;  ///< of the dtype
  std::int64_t dense_limit = 64;
  std::int32_t max_iterations = 10;
  std::int32_t krylov_dimension = 30;
  bool patient = false;  ///< goes on where an update is larger than the one before: fixed steps, which cannot be shortened
};

NewtonSettings newton_settings(const NewtonOptions& options, const StepSizeOptions& steps, double epsilon);

struct ImplicitWork {
  std::int64_t newton_iterations = 0;
  std::int64_t newton_failures = 0;
  std::int64_t jacobian_products = 0;
};

/// I - scale J or its transpose, J = df/dz at one point.
class NewtonMatrix {
 public:
  NewtonMatrix() = default;
  /// jacobian: (n, n).
  explicit NewtonMatrix(at::Tensor jacobian) : jacobian_(std::move(jacobian)) {}
  /// product: J v or, transposed, J^T v. work: counts them.
  NewtonMatrix(const at::Tensor& t, const TensorList& z, std::function<TensorList(const TensorList& v)> product,
               const Preconditioner& preconditioner, bool transposed, std::int64_t krylov_dimension, std::int64_t* products);

  /// x: (n,), maybe not finite. residual: |r - A x| / |r| of an iterative solve, 0 of a direct one.
  struct Result {
    at::Tensor x;
    double residual = 0;
  };
  /// tolerance: of the residual. transposed: of the Jacobian that was given as a matrix.
  Result solve(const at::Tensor& r, double scale, double tolerance, bool transposed = false);

 private:
  at::Tensor jacobian_, factors_, pivots_;
  double factored_scale_ = 0;
  std::function<Result(const at::Tensor& r, double scale, double tolerance)> iterate_;
};

class StageEquations {
 public:
  /// Makes an evaluation of f: with its draws, counted. start: at the step's start.
  using Around = std::function<void(bool start, const std::function<void()>& evaluation)>;

  /// f, settings, work: must outlive this.
  StageEquations(Dynamics& f, const NewtonSettings& settings, Around around, ImplicitWork& work);

  /// At a step's start. Returns f(t, z).
  TensorList begin(const at::Tensor& t, const TensorList& z);
  /// To be called before the stages of each trial of the step.
  void start_trial() { matrix_ = start_; }
  enum class Outcome { converged, not_converged, non_finite };
  /// y: the first guess, then the solution, in tensors laid out as base that are nobody else's; where f of the guess is not finite, that.
  Outcome solve(const at::Tensor& t, const TensorList& base, double scale, TensorList& y);
  /// What to say where solve() did not converge: "were not solved in ...; ...".
  std::string remedy(const TensorList& z) const;
  /// (I - scale J)^-1 r with the newest J; r itself where there is none.
  TensorList damped(const TensorList& r, double scale);

 private:
  bool is_dense(const TensorList& z) const;
  /// f(t, z), and the matrix there.
  TensorList linearise(bool start, const at::Tensor& t, const TensorList& z);
  double size_of(const at::Tensor& update, const TensorList& z) const;

  Dynamics& f_;
  const NewtonSettings& settings_;
  Around around_;
  ImplicitWork& work_;
  NewtonMatrix start_, matrix_;
  bool has_matrix_ = false;
};

}  // namespace neuralode
