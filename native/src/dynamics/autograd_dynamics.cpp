#include "dynamics/autograd_dynamics.h"

#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include <unordered_set>

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

/// Throws invalid_argument where the graph from t and z to u has a leaf that is not among the parameters: no reverse sweep would know it.
void require_listed(const TensorList& u, const at::Tensor& t, const TensorList& z, const TensorList& parameters) {
  using torch::autograd::AccumulateGrad;
  using torch::autograd::Node;
  std::unordered_set<const Node*> seen;
  std::vector<Node*> open;
  const auto meet = [&](Node* node) {
    if (node != nullptr && seen.insert(node).second) open.push_back(node);
  };
  std::vector<torch::autograd::Edge> ends{torch::autograd::impl::gradient_edge(t)};  // kept: their nodes' addresses must not be given again
  for (const auto* inputs : {&z, &parameters})
    for (const auto& input : *inputs) ends.push_back(torch::autograd::impl::gradient_edge(input));
  for (const auto& end : ends) seen.insert(end.function.get());
  for (const auto& tensor : u) meet(torch::autograd::impl::gradient_edge(tensor).function.get());
  while (!open.empty()) {
    auto* node = open.back();
    open.pop_back();
    for (const auto& edge : node->next_edges()) meet(edge.function.get());
    if (const auto* leaf = dynamic_cast<const AccumulateGrad*>(node))
      fail(Status::invalid_argument, "parameters: f uses a tensor of shape ", leaf->variable.sizes(),
           " that requires a gradient and is not among them, so that its gradient would be lost; list it, or detach it in f");
  }
}

}  // namespace

FunctionDynamics::FunctionDynamics(DynamicsFunction function, TensorList parameters, TensorList buffers)
    : function_(std::move(function)), parameters_(std::move(parameters)), buffers_(std::move(buffers)) {}

TensorList FunctionDynamics::eval(const at::Tensor& t, const TensorList& z) {
  auto u = checked_evaluation(z, [&] { return function_(t, z); });
  if (at::GradMode::is_enabled() && !graph_checked_) {
    require_listed(u, t, z, parameters_);
    graph_checked_ = true;
  }
  return u;
}

NamedTensorList FunctionDynamics::parameters() const { return numbered(parameters_, "parameter"); }
NamedTensorList FunctionDynamics::buffers() const { return numbered(buffers_, "buffer"); }
void FunctionDynamics::to_dtype(at::ScalarType dtype) {
  fail(Status::unsupported, "dtype: cannot cast dynamics made from a function to ", dtype, "; cast the tensors that the function uses");
}

ModuleDynamics::ModuleDynamics(std::shared_ptr<torch::nn::Module> module, DynamicsFunction forward)
    : module_(std::move(module)), forward_(std::move(forward)) {}

TensorList ModuleDynamics::eval(const at::Tensor& t, const TensorList& z) { return checked_evaluation(z, [&] { return forward_(t, z); }); }
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
