// The right-hand side f(t, z) of dz/dt = f(t, z): the one abstraction that solvers and gradient methods know.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensors/tensor_list.h"

namespace neuralode {

/// Cotangents of the inputs of one evaluation. An undefined tensor is zero.
struct InputCotangents {
  at::Tensor a_t;           ///< of t's shape; undefined unless t required a gradient
  TensorList a_z;           ///< as z
  TensorList a_parameters;  ///< as the parameters asked for
};

/// u = f(t, z) together with its pullback, to be called at most once: a_u -> (df/dt, df/dz, df/dtheta)^T a_u.
struct Linearization {
  TensorList u;
  std::function<InputCotangents(const TensorList& a_u)> pullback;
  /// a_u -> (df/dz)^T a_u, as often as wanted, before `pullback`. One a state, undefined for zero.
  std::function<TensorList(const TensorList& a_u)> state_pullback;
};

/// u = f(t, z) together with its pushforward, to be called as often as wanted: v -> (df/dz) v, shaped as z.
struct Tangents {
  TensorList u;
  std::function<TensorList(const TensorList& v)> jvp;
};

/// x = (I - scale J)^-1 r or, transposed, (I - scale J^T)^-1 r, approximately; J = df/dz(t, z). As z.
using Preconditioner =
    std::function<TensorList(const at::Tensor& t, const TensorList& z, double scale, bool transposed, const TensorList& r)>;

using NamedTensorList = std::vector<std::pair<std::string, at::Tensor>>;

class Dynamics {
 public:
  Dynamics();
  virtual ~Dynamics() = default;

  /// u = f(t, z): as many tensors as z, of the same shapes and dtype. t: 0-dim, or (batch, 1, ..., 1) for steps per sample; of z's dtype
  /// and device. Recorded by autograd when grad mode is on. Throws invalid_argument when f returns something of another number, shape,
  /// dtype or device.
  virtual TensorList eval(const at::Tensor& t, const TensorList& z) = 0;

  /// One linearised evaluation at detached inputs. parameters: those of differentiable_parameters() that gradients are wanted for.
  virtual Linearization linearize(const at::Tensor& t, const TensorList& z, const TensorList& parameters, bool wants_t);

  /// linearize and its pullback in one go; what a reverse step needs, where a_u is known before u. Returns (u, cotangents).
  virtual std::pair<TensorList, InputCotangents> vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u,
                                                     const TensorList& parameters, bool wants_t);

  /// One linearised evaluation for products J v, by differentiating the pullback (twice-differentiable f), or by finite differences.
  virtual Tangents tangents(const at::Tensor& t, const TensorList& z);

  /// u and the Jacobian (n, n) of the state's n elements, one tensor after the other; n products.
  virtual std::pair<TensorList, at::Tensor> jacobian(const at::Tensor& t, const TensorList& z);

  /// Whether vjp runs autograd.
  virtual bool pulls_back_by_autograd() const { return true; }
  /// Whether a recorded pullback can be differentiated again.
  virtual bool twice_differentiable() const { return true; }

  /// Of f = explicit + implicit; null unless split. The implicit part of other dynamics is they themselves.
  virtual Dynamics* explicit_part() { return nullptr; }
  virtual Dynamics& implicit_part() { return *this; }

  /// Empty: none.
  virtual const Preconditioner& preconditioner() const { return preconditioner_; }
  virtual void set_preconditioner(Preconditioner preconditioner) { preconditioner_ = std::move(preconditioner); }

  /// Enumerated anew at each call: modules may replace their parameters.
  virtual NamedTensorList parameters() const = 0;
  /// State that evaluations change, such as running statistics.
  virtual NamedTensorList buffers() const = 0;

  virtual void set_training(bool) {}
  /// Training mode of every module inside, parents before children: a layer may be frozen in evaluation mode. Empty without modules.
  virtual std::vector<bool> modes() const { return {}; }
  virtual void set_modes(const std::vector<bool>&) {}
  /// Casts parameters and buffers. Throws unsupported where they are the caller's.
  virtual void to_dtype(at::ScalarType dtype) = 0;

  /// Why the GPU's part of an evaluation must not be recorded once and replayed without calling f; "" where that is all there is to it.
  virtual std::string replay_obstacle() const { return "f is a callback, which may do more than queue work on the GPU"; }
  /// What gradient methods keep from one solve of these dynamics to the next.
  std::shared_ptr<void>& kept_between_solves() { return kept_between_solves_; }

  /// How fast rounding errors grow while steps of these dynamics are undone, as an exponent per unit of time: 0-dim float64, written by the
  /// reverse sweeps that measured it and read where states to keep are planned. A tensor, so that a model can store it as a buffer.
  const at::Tensor& drift_rate() const { return drift_rate_; }

 private:
  at::Tensor drift_rate_;
  std::shared_ptr<void> kept_between_solves_;
  Preconditioner preconditioner_;
};

/// The Jacobian (n, n): row by row from pullbacks, or column by column from pushforwards.
at::Tensor jacobian_of(const Linearization& linearization, const TensorList& z);
at::Tensor jacobian_of(const Tangents& tangents, const TensorList& z);

/// Tangents of any f by one-sided differences, each product one evaluation: (f(t, z + e v) - f(t, z)) / e, e = sqrt(epsilon) (1 + |z|) /
/// |v|.
Tangents difference_tangents(Dynamics& dynamics, const at::Tensor& t, const TensorList& z);

/// The parameters that require gradients, each tensor once however many names it has.
TensorList differentiable_parameters(const Dynamics& dynamics);

/// Checks that u is what f must return for z; under autocast, brings u to z's dtype.
TensorList checked_result(TensorList u, const TensorList& z);

/// u = call(), an evaluation of f at z, checked as above; throws invalid_argument where it changed z in place.
TensorList checked_evaluation(const TensorList& z, const std::function<TensorList()>& call);

/// Puts buffers back at the end to what they were at the start, without touching their version counters: a reverse sweep leaves
/// running statistics as the forward sweep left them.
class BufferGuard {
 public:
  explicit BufferGuard(const Dynamics& dynamics);
  ~BufferGuard();
  BufferGuard(const BufferGuard&) = delete;
  BufferGuard& operator=(const BufferGuard&) = delete;

 private:
  TensorList buffers_;
  TensorList saved_;
};

}  // namespace neuralode
