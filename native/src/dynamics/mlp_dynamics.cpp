#include "dynamics/mlp_dynamics.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "tensors/autocast.h"

namespace neuralode {

MlpDynamics::MlpDynamics(TensorList weights, TensorList biases, bool with_time)
    : weights_(std::move(weights)), biases_(std::move(biases)), with_time_(with_time) {
  require(!weights_.empty() && weights_.size() == biases_.size(), "weights: ", weights_.size(), " given, and ", biases_.size(),
          " biases; give one of each for every layer");
  std::int64_t inputs = -1;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const auto &w = weights_[i], &b = biases_[i];
    require(w.dim() == 2 && (inputs < 0 || w.size(1) == inputs), "weights[", i, "]: ", w.sizes(), " does not fit; give (outputs, ",
            inputs < 0 ? "inputs" : std::to_string(inputs), ")");
    require(b.dim() == 1 && b.size(0) == w.size(0), "biases[", i, "]: ", b.sizes(), " does not fit; give (", w.size(0), ",)");
    inputs = w.size(0);
  }
  const auto features = weights_.front().size(1) - (with_time_ ? 1 : 0);
  require(inputs == features, "weights: the last has ", inputs, " outputs, and the state has ", features,
          " features; f must return what it is given", with_time_ ? " (t is one more input of the first layer)" : "");
}

at::Tensor MlpDynamics::input(const at::Tensor& t, const TensorList& z) const {
  const auto features = weights_.back().size(0);
  require(z.size() == 1, "z0: ", z.size(), " state tensors given, an Mlp takes 1");
  require(z[0].dim() >= 1 && z[0].size(-1) == features, "z0: ", z[0].sizes(), " does not fit; an Mlp of these weights takes (..., ",
          features, ")");
  if (!with_time_) return z[0];
  auto sizes = z[0].sizes().vec();
  sizes.back() = 1;
  return at::cat({z[0], t.expand(sizes)}, -1);
}

TensorList MlpDynamics::eval(const at::Tensor& t, const TensorList& z) {
  return checked_evaluation(z, [&] {
    auto x = input(t, z);
    for (std::size_t i = 0; i + 1 < weights_.size(); ++i) x = at::linear(x, weights_[i], biases_[i]).tanh_();
    return TensorList{at::linear(x, weights_.back(), biases_.back())};
  });
}

// With y_i = tanh(W_i y_(i-1) + b_i), the last without tanh, and g the cotangent of W_i y_(i-1) + b_i:
//   a_W_i = g^T y_(i-1);  a_b_i = sum g;  g <- (g W_i) (1 - y_(i-1)^2).
std::pair<TensorList, InputCotangents> MlpDynamics::vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u,
                                                        const TensorList& parameters, bool wants_t) {
  const bool plain = a_u.size() == 1 && a_u[0].defined() && !AutocastState::current(z[0].device().type()).enabled;
  if (!plain) return Dynamics::vjp(t, z, a_u, parameters, wants_t);
  const at::NoGradGuard not_recording;
  const auto x = input(t, z);
  TensorList y{x.reshape({-1, x.size(-1)})};
  for (std::size_t i = 0; i + 1 < weights_.size(); ++i) y.push_back(at::linear(y[i], weights_[i], biases_[i]).tanh_());
  const auto u = at::linear(y.back(), weights_.back(), biases_.back());

  InputCotangents result;
  result.a_parameters.resize(parameters.size());
  const auto write = [&](const at::Tensor& parameter, const auto& cotangent) {
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      if (!parameters[k].is_same(parameter)) continue;
      auto& sum = result.a_parameters[k];  // of the layers that share the parameter
      sum = sum.defined() ? sum + cotangent() : cotangent();
    }
  };
  auto g = a_u[0].reshape({-1, u.size(-1)});
  for (auto i = weights_.size(); i-- > 0;) {
    write(weights_[i], [&] { return g.t().mm(y[i]); });
    write(biases_[i], [&] { return g.sum(0); });
    g = g.mm(weights_[i]);
    if (i > 0) g.mul_(1 - y[i] * y[i]);
  }
  result.a_z = {with_time_ ? g.slice(1, 0, u.size(-1)).reshape(z[0].sizes()) : g.view(z[0].sizes())};
  if (wants_t) {
    auto sizes = z[0].sizes().vec();
    sizes.back() = 1;
    result.a_t = with_time_ ? at::sum_to(g.select(1, u.size(-1)).reshape(sizes), t.sizes()) : at::zeros_like(t);
  }
  return {{u.view(z[0].sizes())}, std::move(result)};
}

NamedTensorList MlpDynamics::parameters() const {
  NamedTensorList result;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    result.emplace_back(text_of("weight", i), weights_[i]);
    result.emplace_back(text_of("bias", i), biases_[i]);
  }
  return result;
}

void MlpDynamics::to_dtype(at::ScalarType dtype) {
  fail(Status::unsupported, "dtype: cannot cast dynamics whose weights are the caller's to ", dtype, "; cast those");
}

}  // namespace neuralode
