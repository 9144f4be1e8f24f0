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
  at::Tensor a_t;           ///< 0-dim; undefined unless t required a gradient
  TensorList a_z;           ///< as z
  TensorList a_parameters;  ///< as the parameters asked for
};

/// u = f(t, z) together with its pullback, to be called at most once: a_u -> (df/dt, df/dz, df/dtheta)^T a_u.
struct Linearization {
  TensorList u;
  std::function<InputCotangents(const TensorList& a_u)> pullback;
};

using NamedTensorList = std::vector<std::pair<std::string, at::Tensor>>;

class Dynamics {
 public:
  Dynamics();
  virtual ~Dynamics() = default;

  /// u = f(t, z): as many tensors as z, of the same shapes and dtype. t: 0-dim, of z's dtype and device. Recorded by autograd when
  /// grad mode is on. Throws invalid_argument when f returns something of another number, shape, dtype or device.
  virtual TensorList eval(const at::Tensor& t, const TensorList& z) = 0;

  /// One linearised evaluation at detached inputs. parameters: those of differentiable_parameters() that gradients are wanted for.
  virtual Linearization linearize(const at::Tensor& t, const TensorList& z, const TensorList& parameters, bool wants_t);

  /// linearize and its pullback in one go; what a reverse step needs, where a_u is known before u. Returns (u, cotangents).
  virtual std::pair<TensorList, InputCotangents> vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u,
                                                     const TensorList& parameters, bool wants_t);

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

  /// How fast rounding errors grow while steps of these dynamics are undone, as an exponent per unit of time: 0-dim float64, written by the
  /// reverse sweeps that measured it and read where states to keep are planned. A tensor, so that a model can store it as a buffer.
  const at::Tensor& drift_rate() const { return drift_rate_; }

 private:
  at::Tensor drift_rate_;
};

/// The parameters that require gradients, each tensor once however many names it has.
TensorList differentiable_parameters(const Dynamics& dynamics);

/// Checks that u is what f must return for z; under autocast, brings u to z's dtype.
TensorList checked_result(TensorList u, const TensorList& z);

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
