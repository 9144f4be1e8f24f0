#include "dynamics/script_dynamics.h"

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <filesystem>

#include "core/error.h"

namespace neuralode {

namespace {

TensorList tensors_of(const c10::IValue& value) {
  if (value.isTensor()) return {value.toTensor()};
  if (value.isTensorList()) return value.toTensorVector();
  require(value.isTuple(), "dynamics: the module's forward returned ", value.tagKind(), "; it must return a tensor or a tuple of tensors");
  TensorList result;
  for (const auto& element : value.toTupleRef().elements()) {
    require(element.isTensor(), "dynamics: the module's forward returned a tuple with a ", element.tagKind(),
            "; only tensors may be in it");
    result.push_back(element.toTensor());
  }
  return result;
}

}  // namespace

ScriptDynamics::ScriptDynamics(torch::jit::Module module) : module_(std::move(module)), forward_(module_.get_method("forward")) {}

std::unique_ptr<ScriptDynamics> ScriptDynamics::load(const std::string& path, const std::string& device) {
  if (!std::filesystem::is_regular_file(path))
    fail(Status::io_error, path, ": no such file; give a TorchScript file made by torch.jit.save");
  const c10::Device target(device);
  try {
    return of(torch::jit::load(path, target), path);
  } catch (const c10::Error& error) {
    fail(Status::io_error, path, ": cannot be read as TorchScript (", error.what_without_backtrace(),
         "); save it with torch.jit.script(f).save(path)");
  }
}

std::unique_ptr<ScriptDynamics> ScriptDynamics::of(torch::jit::Module module, const std::string& name) {
  const auto method = module.find_method("forward");
  require(method.has_value(), name, ": the module has no forward; f needs forward(t, z) or forward(t, z0, z1, ...)");
  const auto inputs = method->num_inputs() - 1;  // without self
  require(inputs >= 2, name, ": forward takes ", inputs, " argument(s); f needs forward(t, z) or forward(t, z0, z1, ...)");
  return std::unique_ptr<ScriptDynamics>(new ScriptDynamics(std::move(module)));
}

TensorList ScriptDynamics::eval(const at::Tensor& t, const TensorList& z) {
  const auto accepted = forward_.num_inputs() - 2;  // without self and t
  require(z.size() == accepted, "z0: ", z.size(), " state tensor(s) given, the module's forward takes ", accepted);
  const torch::jit::GraphOptimizerEnabledGuard plain_interpreter(false);
  std::vector<c10::IValue> inputs{t};
  inputs.insert(inputs.end(), z.begin(), z.end());
  return checked_evaluation(z, [&] { return tensors_of(forward_(std::move(inputs))); });
}

NamedTensorList ScriptDynamics::parameters() const {
  NamedTensorList result;
  for (const auto& item : module_.named_parameters()) result.emplace_back(item.name, item.value);
  return result;
}

NamedTensorList ScriptDynamics::buffers() const {
  NamedTensorList result;
  for (const auto& item : module_.named_buffers()) result.emplace_back(item.name, item.value);
  return result;
}

void ScriptDynamics::set_training(bool training) { module_.train(training); }

std::vector<bool> ScriptDynamics::modes() const {
  std::vector<bool> result;
  for (const auto& module : module_.modules()) result.push_back(module.hasattr("training") && module.is_training());
  return result;
}

void ScriptDynamics::set_modes(const std::vector<bool>& modes) {
  auto mode = modes.begin();
  for (auto module : module_.modules()) {
    if (mode == modes.end()) return;
    if (module.hasattr("training")) module.setattr("training", bool(*mode));
    ++mode;
  }
}

void ScriptDynamics::to_dtype(at::ScalarType dtype) { module_.to(dtype); }

}  // namespace neuralode
