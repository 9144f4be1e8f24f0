#include "dynamics/callback_dynamics.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include "core/error.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"
#include "tensors/random_replay.h"

namespace neuralode {

namespace {

/// Copies those that the callback holds on to, and may write over for its next result.
TensorList own(TensorList tensors) {
  for (auto& tensor : tensors)
    if (tensor.defined() && !owns_storage_alone(tensor)) tensor = dense_copy(tensor);
  return tensors;
}

/// What a callback gets to see: values, which other libraries' tensors can hold too.
at::Tensor plain(const at::Tensor& tensor) { return tensor.defined() && tensor.requires_grad() ? tensor.detach() : tensor; }

TensorList plain(TensorList tensors) {
  for (auto& tensor : tensors) tensor = plain(tensor);
  return tensors;
}

}  // namespace

/// Autograd's view of one evaluation. Inputs: t, z..., parameters...; outputs: u....
class CallbackNode : public torch::autograd::Function<CallbackNode> {
 public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, std::shared_ptr<CallbackDynamics> dynamics,
                                                std::int64_t states, at::TensorList inputs) {
    const auto z = plain(TensorList(inputs.begin() + 1, inputs.begin() + 1 + states));
    auto holder = c10::make_intrusive<Holder>(std::move(dynamics), z[0].device());
    holder->random.before(0);
    auto u = own(checked_evaluation(z, [&] { return holder->dynamics->eval_(plain(inputs[0]), z); }));
    holder->random.after(0);
    holder->random.finish();
    context->save_for_backward({inputs.begin(), inputs.begin() + 1 + states});
    context->saved_data["dynamics"] = c10::IValue::make_capsule(std::move(holder));
    return u;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list a_u) {
    if (at::GradMode::is_enabled())
      fail(Status::unsupported,
           "double backward: dynamics with a VJP of their own have no second derivative; backward with create_graph = false");
    const auto saved = context->get_saved_variables();
    const auto capsule = context->saved_data["dynamics"].toCapsule();
    auto& holder = *static_cast<Holder*>(capsule.get());
    auto& self = *holder.dynamics;
    // f is evaluated once more: as it was in forward, and without being noticed.
    const BufferGuard buffers(self);
    const AutocastScope autocast(holder.autocast);
    const RandomReplay::Scope draws(holder.random);
    holder.random.replay(0);
    auto [u, cotangents] = self.checked_vjp(saved[0], {saved.begin() + 1, saved.end()}, a_u);
    torch::autograd::variable_list result{at::Tensor(), at::Tensor(), cotangents.a_t};
    result.insert(result.end(), cotangents.a_z.begin(), cotangents.a_z.end());
    result.insert(result.end(), cotangents.a_parameters.begin(), cotangents.a_parameters.end());
    return result;
  }

 private:
  struct Holder : torch::CustomClassHolder {
    Holder(std::shared_ptr<CallbackDynamics> value, c10::Device device)
        : dynamics(std::move(value)), random(device), autocast(AutocastState::current(device.type())) {}
    std::shared_ptr<CallbackDynamics> dynamics;
    RandomReplay random;
    AutocastState autocast;
  };
};

CallbackDynamics::CallbackDynamics(std::function<TensorList(const at::Tensor&, const TensorList&)> eval, VjpFunction vjp,
                                   TensorList parameters, TensorList buffers)
    : eval_(std::move(eval)), vjp_(std::move(vjp)), parameters_(std::move(parameters)), buffers_(std::move(buffers)) {}

TensorList CallbackDynamics::eval(const at::Tensor& t, const TensorList& z) {
  if (!at::GradMode::is_enabled()) {
    const auto values = plain(z);
    return checked_evaluation(values, [&] { return eval_(plain(t), values); });
  }
  torch::autograd::variable_list inputs{t};
  inputs.insert(inputs.end(), z.begin(), z.end());
  inputs.insert(inputs.end(), parameters_.begin(), parameters_.end());
  return CallbackNode::apply(shared_from_this(), static_cast<std::int64_t>(z.size()), at::TensorList(inputs));
}

std::pair<TensorList, InputCotangents> CallbackDynamics::checked_vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u) {
  auto [u, cotangents] = vjp_(plain(t), plain(z), plain(a_u), parameters_.size());
  u = checked_result(std::move(u), z);
  const auto check = [](const at::Tensor& cotangent, const at::Tensor& input, const char* name, std::size_t index) {
    if (!cotangent.defined()) return;
    require(cotangent.sizes() == input.sizes() && cotangent.scalar_type() == input.scalar_type() && cotangent.device() == input.device(),
            "dynamics: the VJP returned ", cotangent.scalar_type(), cotangent.sizes(), " on ", cotangent.device(), " as ", name, "[", index,
            "], the cotangent of ", input.scalar_type(), input.sizes(), " on ", input.device(), "; both must agree");
  };
  check(cotangents.a_t, t, "a_t", 0);
  for (std::size_t i = 0; i < z.size(); ++i) check(cotangents.a_z[i], z[i], "a_z", i);
  for (std::size_t i = 0; i < parameters_.size(); ++i) check(cotangents.a_parameters[i], parameters_[i], "a_parameters", i);
  u = own(std::move(u));
  cotangents.a_z = own(std::move(cotangents.a_z));
  cotangents.a_parameters = own(std::move(cotangents.a_parameters));
  return {std::move(u), std::move(cotangents)};
}

std::pair<TensorList, InputCotangents> CallbackDynamics::vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u,
                                                             const TensorList& parameters, bool wants_t) {
  const at::NoGradGuard not_recording;
  auto [u, all] = checked_vjp(t, z, a_u);
  InputCotangents wanted;
  if (wants_t) wanted.a_t = all.a_t;
  wanted.a_z = std::move(all.a_z);
  for (const auto& parameter : parameters) {
    at::Tensor sum;  // a parameter given twice has the sum of both cotangents
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (parameters_[i].is_same(parameter) && all.a_parameters[i].defined())
        sum = sum.defined() ? sum + all.a_parameters[i] : all.a_parameters[i];
    wanted.a_parameters.push_back(sum);
  }
  return {std::move(u), std::move(wanted)};
}

NamedTensorList CallbackDynamics::parameters() const {
  NamedTensorList result;
  for (std::size_t i = 0; i < parameters_.size(); ++i) result.emplace_back(text_of("parameter", i), parameters_[i]);
  return result;
}

NamedTensorList CallbackDynamics::buffers() const {
  NamedTensorList result;
  for (std::size_t i = 0; i < buffers_.size(); ++i) result.emplace_back(text_of("buffer", i), buffers_[i]);
  return result;
}

void CallbackDynamics::to_dtype(at::ScalarType dtype) {
  fail(Status::unsupported, "dtype: cannot cast dynamics made from callbacks to ", dtype, "; cast the tensors that the callbacks use");
}

}  // namespace neuralode
