// Dynamics whose value and pullback both come from the user: other languages with an autodiff of their own.
#pragma once

#include "dynamics/dynamics.h"

namespace neuralode {

/// u = f(t, z), and its pullback of a_u, evaluated in one call.
using VjpFunction = std::function<std::pair<TensorList, InputCotangents>(const at::Tensor& t, const TensorList& z, const TensorList& a_u,
                                                                         std::size_t parameter_count)>;

/// eval is opaque to autograd; where a graph is asked for, a node that calls vjp is recorded.
class CallbackDynamics final : public Dynamics, public std::enable_shared_from_this<CallbackDynamics> {
 public:
  CallbackDynamics(std::function<TensorList(const at::Tensor& t, const TensorList& z)> eval, VjpFunction vjp, TensorList parameters,
                   TensorList buffers);
  TensorList eval(const at::Tensor& t, const TensorList& z) override;
  std::pair<TensorList, InputCotangents> vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u, const TensorList& parameters,
                                             bool wants_t) override;
  /// By finite differences: the VJP is opaque.
  Tangents tangents(const at::Tensor& t, const TensorList& z) override { return difference_tangents(*this, t, z); }
  bool twice_differentiable() const override { return false; }
  NamedTensorList parameters() const override;
  NamedTensorList buffers() const override;
  void to_dtype(at::ScalarType dtype) override;

 private:
  friend class CallbackNode;
  std::pair<TensorList, InputCotangents> checked_vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u);

  std::function<TensorList(const at::Tensor&, const TensorList&)> eval_;
  VjpFunction vjp_;
  TensorList parameters_;
  TensorList buffers_;
};

}  // namespace neuralode
