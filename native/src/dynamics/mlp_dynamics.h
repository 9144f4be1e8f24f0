// The dynamics that most programs start with: a perceptron, with a pullback written by hand.
#pragma once

#include "dynamics/dynamics.h"

namespace neuralode {

/// f(t, z) = W_n tanh(... tanh(W_1 x + b_1) ...) + b_n for each row of z (..., features), x = z or, with time, x = (z, t).
class MlpDynamics final : public Dynamics {
 public:
  /// weights: as libtorch's Linear has them, (outputs, inputs), the first (hidden, features) or, with time, (hidden, features + 1) with
  /// t's column last; biases: (outputs,). Shared, not copied: gradients arrive at these tensors. Throws invalid_argument where shapes do
  /// not fit.
  MlpDynamics(TensorList weights, TensorList biases, bool with_time);
  TensorList eval(const at::Tensor& t, const TensorList& z) override;
  std::pair<TensorList, InputCotangents> vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u, const TensorList& parameters,
                                             bool wants_t) override;
  bool pulls_back_by_autograd() const override { return false; }
  NamedTensorList parameters() const override;
  NamedTensorList buffers() const override { return {}; }
  std::string replay_obstacle() const override { return {}; }
  void to_dtype(at::ScalarType dtype) override;

 private:
  /// x: (..., features) or (..., features + 1).
  at::Tensor input(const at::Tensor& t, const TensorList& z) const;

  TensorList weights_, biases_;
  bool with_time_;
};

}  // namespace neuralode
