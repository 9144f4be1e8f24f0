#include "dynamics/autograd_dynamics.h"

#include "core/error.h"

namespace neuralode {

namespace {

NamedTensorList numbered(const TensorList& tensors, const char* prefix) {
  NamedTensorList result;
  for (std::size_t i = 0; i < tensors.size(); ++i) result.emplace_back(text_of(prefix, i), tensors[i]);
  return result;
}

NamedTensorList named(const torch::OrderedDict<std::string, at::Tensor>& tensors) {
  NamedTensorList result;
  for (const auto& item : tensors) result.emplace_back(item.key(), item.value());
  return result;
}

}  // namespace

FunctionDynamics::FunctionDynamics(DynamicsFunction function, TensorList parameters, TensorList buffers)
    : function_(std::move(function)), parameters_(std::move(parameters)), buffers_(std::move(buffers)) {}

TensorList FunctionDynamics::eval(const at::Tensor& t, const TensorList& z) { return checked_result(function_(t, z), z); }
NamedTensorList FunctionDynamics::parameters() const { return numbered(parameters_, "parameter"); }
NamedTensorList FunctionDynamics::buffers() const { return numbered(buffers_, "buffer"); }
void FunctionDynamics::to_dtype(at::ScalarType dtype) {
  fail(Status::unsupported, "dtype: cannot cast dynamics made from a function to ", dtype, "; cast the tensors that the function uses");
}

ModuleDynamics::ModuleDynamics(std::shared_ptr<torch::nn::Module> module, DynamicsFunction forward)
    : module_(std::move(module)), forward_(std::move(forward)) {}

TensorList ModuleDynamics::eval(const at::Tensor& t, const TensorList& z) { return checked_result(forward_(t, z), z); }
NamedTensorList ModuleDynamics::parameters() const { return named(module_->named_parameters()); }
NamedTensorList ModuleDynamics::buffers() const { return named(module_->named_buffers()); }
void ModuleDynamics::set_training(bool training) { module_->train(training); }

std::vector<bool> ModuleDynamics::modes() const {
  std::vector<bool> result;
  for (const auto& module : module_->modules()) result.push_back(module->is_training());
  return result;
}

void ModuleDynamics::set_modes(const std::vector<bool>& modes) {
  auto mode = modes.begin();
  for (const auto& module : module_->modules())
    if (mode != modes.end()) module->train(*mode++);  // sets the children as well, whose turn comes later
}

void ModuleDynamics::to_dtype(at::ScalarType dtype) { module_->to(dtype); }

}  // namespace neuralode
