#include "dynamics/dynamics.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <unordered_set>

#include "core/error.h"
#include "tensors/autocast.h"
#include "tensors/compat.h"

namespace neuralode {

namespace {

/// (d outputs / d inputs)^T a_u, undefined for zero.
TensorList gradients_of(const TensorList& outputs, const TensorList& inputs, const TensorList& a_u, bool retain_graph, bool create_graph) {
  TensorList recorded, cotangents;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    recorded.push_back(outputs[i]);
    cotangents.push_back(a_u[i]);
  }
  if (recorded.empty()) return TensorList(inputs.size());
  return torch::autograd::grad(recorded, inputs, cotangents, retain_graph, create_graph, /*allow_unused=*/true);
}

TensorList detached(const TensorList& tensors) {
  TensorList result;
  for (const auto& tensor : tensors) result.push_back(tensor.detach());
  return result;
}

}  // namespace

Linearization Dynamics::linearize(const at::Tensor& t, const TensorList& z, const TensorList& parameters, bool wants_t) {
  const at::AutoGradMode recording(true);
  TensorList inputs;
  inputs.reserve(z.size() + parameters.size() + 1);
  for (const auto& tensor : z) inputs.push_back(tensor.detach().requires_grad_(true));
  const TensorList z_leaves(inputs.begin(), inputs.end());
  const auto t_leaf = t.detach().requires_grad_(wants_t);
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  if (wants_t) inputs.push_back(t_leaf);

  auto outputs = eval(t_leaf, z_leaves);
  Linearization result;
  for (const auto& tensor : outputs) result.u.push_back(tensor.detach());
  result.state_pullback = [outputs, z_leaves](const TensorList& a_u) {
    return gradients_of(outputs, z_leaves, a_u, /*retain_graph=*/true, /*create_graph=*/false);
  };
  result.pullback = [outputs = std::move(outputs), inputs = std::move(inputs), states = z.size(), parameter_count = parameters.size(),
                     wants_t](const TensorList& a_u) {
    const auto gradients = gradients_of(outputs, inputs, a_u, /*retain_graph=*/false, /*create_graph=*/false);
    InputCotangents result;
    const auto first_parameter = gradients.begin() + static_cast<std::ptrdiff_t>(states);
    const auto last_parameter = first_parameter + static_cast<std::ptrdiff_t>(parameter_count);
    result.a_z.assign(gradients.begin(), first_parameter);
    result.a_parameters.assign(first_parameter, last_parameter);
    if (wants_t) result.a_t = gradients.back();
    return result;
  };
  return result;
}

std::pair<TensorList, InputCotangents> Dynamics::vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u,
                                                     const TensorList& parameters, bool wants_t) {
  auto linearization = linearize(t, z, parameters, wants_t);
  auto cotangents = linearization.pullback(a_u);
  return {std::move(linearization.u), std::move(cotangents)};
}

// With w a cotangent that is a variable, J^T w is linear in w: its own pullback of v is J v.
Tangents Dynamics::tangents(const at::Tensor& t, const TensorList& z) {
  const at::AutoGradMode recording(true);
  TensorList z_leaves, w;
  for (const auto& tensor : z) z_leaves.push_back(tensor.detach().requires_grad_(true));
  const auto outputs = eval(t.detach(), z_leaves);
  for (const auto& output : outputs) w.push_back(at::zeros_like(output.detach()).requires_grad_(true));
  Tangents result;
  result.u = detached(outputs);
  auto products = gradients_of(outputs, z_leaves, w, /*retain_graph=*/true, /*create_graph=*/true);
  result.jvp = [products = std::move(products), w = std::move(w)](const TensorList& v) {
    TensorList defined, along;
    for (std::size_t i = 0; i < products.size(); ++i) {
      if (!products[i].defined()) continue;
      defined.push_back(products[i]);
      along.push_back(v[i]);
    }
    auto jv = gradients_of(defined, w, along, /*retain_graph=*/true, /*create_graph=*/false);
    for (std::size_t i = 0; i < jv.size(); ++i)
      if (!jv[i].defined()) jv[i] = at::zeros_like(w[i].detach());
    return jv;
  };
  return result;
}

std::pair<TensorList, at::Tensor> Dynamics::jacobian(const at::Tensor& t, const TensorList& z) {
  const auto linearization = linearize(t, z, {}, /*wants_t=*/false);
  return {linearization.u, jacobian_of(linearization, z)};
}

Dynamics::Dynamics() {
  const c10::InferenceMode off(false);  // it is written to for as long as the dynamics live
  drift_rate_ = at::zeros({}, at::kDouble);
}

TensorList differentiable_parameters(const Dynamics& dynamics) {
  TensorList result;
  std::unordered_set<const c10::TensorImpl*> seen;
  for (const auto& [name, tensor] : dynamics.parameters())
    if (tensor.requires_grad() && seen.insert(tensor.unsafeGetTensorImpl()).second) result.push_back(tensor);
  return result;
}

TensorList checked_result(TensorList u, const TensorList& z) {
  require(u.size() == z.size(), "dynamics: f returned ", u.size(), " tensors for a state of ", z.size(),
          "; it must return one a state tensor");
  for (std::size_t i = 0; i < z.size(); ++i) {
    require(u[i].defined(), "dynamics: f returned an undefined tensor for state ", i);
    require(u[i].sizes() == z[i].sizes(), "dynamics: f returned shape ", u[i].sizes(), " for state ", i, " of shape ", z[i].sizes(),
            "; f(t, z) must have the shape of z");
    require(u[i].device() == z[i].device(), "dynamics: f returned a tensor on ", u[i].device(), " for state ", i, " on ", z[i].device(),
            "; move the dynamics to the state's device");
    if (u[i].scalar_type() == z[i].scalar_type()) continue;
    require(compat::autocast_enabled(z[i].device().type()), "dynamics: f returned ", u[i].scalar_type(), " for state ", i, " of dtype ",
            z[i].scalar_type(), "; cast the dynamics' parameters or the state so that both agree");
    u[i] = u[i].to(z[i].scalar_type());
  }
  return u;
}

TensorList checked_evaluation(const TensorList& z, const std::function<TensorList()>& call) {
  const auto version = [](const at::Tensor& tensor) { return tensor.is_inference() ? 0 : static_cast<std::int64_t>(tensor._version()); };
  std::vector<std::int64_t> before;
  for (const auto& tensor : z) before.push_back(version(tensor));
  auto u = call();
  for (std::size_t i = 0; i < z.size(); ++i)
    require(version(z[i]) == before[i], "dynamics: f changed its input z[", i,
            "] in place, which is the solver's; use operators that are not in place (relu for relu_, ReLU without inplace)");
  return checked_result(std::move(u), z);
}

BufferGuard::BufferGuard(const Dynamics& dynamics) {
  for (const auto& [name, tensor] : dynamics.buffers()) {
    buffers_.push_back(tensor.variable_data());  // shares memory, has a version counter of its own
    saved_.push_back(buffers_.back().clone());
  }
}

BufferGuard::~BufferGuard() {
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(saved_[i]);
}

}  // namespace neuralode
