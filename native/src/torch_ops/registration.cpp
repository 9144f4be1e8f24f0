// What Python (torch.ops.load_library) and TorchScript programs see: torch.ops.neuralode and torch.classes.neuralode.
// The manual is docs/python.md.
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/custom_class.h>
#include <torch/library.h>

#include "dynamics/mlp_dynamics.h"
#include "dynamics/script_dynamics.h"
#include "torch_ops/options.h"

namespace neuralode::torch_ops {

namespace {

using torch::jit::Stack;

struct TorchScriptClass : torch::CustomClassHolder {
  TorchScriptClass(const std::string& path, const std::string& device) : value(ScriptDynamics::load(path, device)) {}
  std::shared_ptr<Dynamics> value;
};

struct MlpClass : torch::CustomClassHolder {
  MlpClass(TensorList weights, TensorList biases, bool with_time)
      : value(std::make_shared<MlpDynamics>(std::move(weights), std::move(biases), with_time)) {}
  std::shared_ptr<Dynamics> value;
};

struct SolutionClass : torch::CustomClassHolder {
  explicit SolutionClass(Solution solution) : value(std::move(solution)) {}
  Solution value;
};

/// Methods that both classes of dynamics have.
template <class Class>
void define_dynamics(torch::class_<Class>& definition) {
  definition
      .def("parameters",
           [](const c10::intrusive_ptr<Class>& self) {
             c10::Dict<std::string, at::Tensor> result;
             for (const auto& [name, tensor] : self->value->parameters()) result.insert(name, tensor);
             return result;
           })
      .def("train", [](const c10::intrusive_ptr<Class>& self, bool training) { self->value->set_training(training); })
      .def("eval", [](const c10::intrusive_ptr<Class>& self, const at::Tensor& t, TensorList z) { return self->value->eval(t, z); });
}

/// f of an operator: an object of one of the classes, or a scripted module.
std::shared_ptr<Dynamics> dynamics_of(const c10::IValue& f) {
  if (f.isObject()) {
    const auto type = f.type();
    if (type == c10::getCustomClassType<c10::intrusive_ptr<TorchScriptClass>>()) return f.toCustomClass<TorchScriptClass>()->value;
    if (type == c10::getCustomClassType<c10::intrusive_ptr<MlpClass>>()) return f.toCustomClass<MlpClass>()->value;
    if (f.isModule()) return ScriptDynamics::of(f.toModule(), "f");
  }
  fail(Status::invalid_argument, "f: ", f.tagKind(),
       " is no dynamics; give a torch.classes.neuralode.TorchScript or Mlp, or a scripted module");
}

TensorList states_of(const c10::IValue& z0) { return z0.isTensor() ? TensorList{z0.toTensor()} : z0.toTensorVector(); }

/// odeint(f, z0, t, *, options): at every time of t, the first of which is t0 and the last t1.
Solution solve_at(const c10::OperatorHandle& op, c10::ArrayRef<c10::IValue> arguments) {
  const auto t = arguments[2].toTensor();
  require(t.dim() == 1 && t.numel() >= 2, "t: shape ", t.sizes(), " is no list of times; give (times,), from t0 to t1");
  return solve(
      {dynamics_of(arguments[0]), states_of(arguments[1]), t.select(0, 0), t.select(0, -1), t, read_options(op.schema(), arguments)});
}

/// The operator's arguments are taken off the stack, and what `call` returns is put there.
template <class Call>
void with_arguments(const c10::OperatorHandle& op, Stack* stack, const Call& call) {
  const auto arguments = torch::jit::pop(*stack, op.schema().arguments().size());
  stack->push_back(call(arguments));
}

void odeint(const c10::OperatorHandle& op, Stack* stack) {
  with_arguments(op, stack, [&](const auto& arguments) { return c10::IValue(solve_at(op, arguments).states[0]); });
}

void odeint_states(const c10::OperatorHandle& op, Stack* stack) {
  with_arguments(op, stack, [&](const auto& arguments) { return c10::IValue(solve_at(op, arguments).states); });
}

/// solve(f, z0, t0, t1, t_eval, *, options).
void solve_between(const c10::OperatorHandle& op, Stack* stack) {
  with_arguments(op, stack, [&](const auto& arguments) {
    const auto t_eval = arguments[4].isNone() ? at::Tensor() : arguments[4].toTensor();
    auto solution = solve({dynamics_of(arguments[0]), states_of(arguments[1]), arguments[2].toTensor(), arguments[3].toTensor(), t_eval,
                           read_options(op.schema(), arguments)});
    return c10::IValue(c10::make_intrusive<SolutionClass>(std::move(solution)));
  });
}

void options(const c10::OperatorHandle& op, Stack* stack) {
  with_arguments(op, stack, [&](const auto& arguments) { return c10::IValue(abi_fields_of(read_options(op.schema(), arguments))); });
}

c10::Dict<std::string, double> statistics_of(const c10::intrusive_ptr<SolutionClass>& solution) {
  const auto& statistics = *solution->value.statistics;
  c10::Dict<std::string, double> result;
  const auto add = [&](const char* name, auto value) { result.insert(name, static_cast<double>(value)); };
  add("steps_accepted", statistics.steps_accepted);
  add("steps_rejected", statistics.steps_rejected);
  add("nfe_forward", statistics.nfe_forward);
  add("nfe_backward", statistics.nfe_backward);
  add("snapshots", statistics.snapshots);
  add("reconstruction_error", statistics.reconstruction_error);
  add("snapshot_bytes", statistics.snapshot_bytes);
  add("steps_replayed", statistics.steps_replayed);
  add("newton_iterations", statistics.newton_iterations);
  add("newton_failures", statistics.newton_failures);
  add("jacobian_products", statistics.jacobian_products);
  add("jacobian_products_backward", statistics.jacobian_products_backward);
  return result;
}

void define_classes(torch::Library& library) {
  auto script = library.class_<TorchScriptClass>("TorchScript");
  script.def(torch::init<const std::string&, const std::string&>(), "", {torch::arg("path"), torch::arg("device") = "cpu"});
  define_dynamics(script);
  auto mlp = library.class_<MlpClass>("Mlp");
  mlp.def(torch::init<TensorList, TensorList, bool>(), "", {torch::arg("weights"), torch::arg("biases"), torch::arg("with_time") = false});
  define_dynamics(mlp);
  library.class_<SolutionClass>("Solution")
      .def("states", [](const c10::intrusive_ptr<SolutionClass>& self) { return self->value.states; })
      .def("statistics", &statistics_of)
      .def("status", [](const c10::intrusive_ptr<SolutionClass>& self) {
        const auto& outcome = *self->value.outcome;
        return std::make_tuple(static_cast<std::int64_t>(outcome.status), outcome.text, outcome.reached);
      });
}

/// Whether nobody but Python's one reference holds the tensor or its memory, so that a receiver through DLPack may write over it.
bool holds_alone(const at::Tensor& tensor) {
  constexpr std::size_t python_and_argument = 2;
  return tensor.use_count() <= python_and_argument && tensor.unsafeGetTensorImpl()->storage().use_count() == 1;
}

/// Whether the backward that runs on this thread keeps its graph for another one.
bool keeps_graph() { return torch::autograd::get_current_graph_task_keep_graph(); }

void define_operators(torch::Library& library) {
  const auto define = [&](const char* name, const std::string& signature, torch::CppFunction body) {
    library.def((name + signature).c_str());
    library.impl(name, std::move(body));
  };
  const auto& keywords = option_schema();
  define("odeint", "(Any f, Tensor z0, Tensor t, *, " + keywords + ") -> Tensor", torch::CppFunction::makeFromBoxedFunction<&odeint>());
  define("odeint.states", "(Any f, Tensor[] z0, Tensor t, *, " + keywords + ") -> Tensor[]",
         torch::CppFunction::makeFromBoxedFunction<&odeint_states>());
  define(
      "solve",
      "(Any f, Tensor[] z0, Tensor t0, Tensor t1, Tensor? t_eval=None, *, " + keywords + ") -> __torch__.torch.classes.neuralode.Solution",
      torch::CppFunction::makeFromBoxedFunction<&solve_between>());
  // For neuralode.py.
  library.def("holds_alone", &holds_alone);
  library.def("keeps_graph", &keeps_graph);
  define("options", "(*, " + keywords + ") -> Dict(str, float)", torch::CppFunction::makeFromBoxedFunction<&options>());
}

/// Null where another copy of this library in the process came first: libtorch would end a process that registers a name twice.
std::unique_ptr<torch::Library> make_library() {
  if (c10::Dispatcher::singleton().findSchema({"neuralode::odeint", ""}).has_value()) return nullptr;
  auto library = std::make_unique<torch::Library>(torch::Library::DEF, "neuralode", c10::optional<c10::DispatchKey>(), __FILE__, __LINE__);
  define_classes(*library);
  define_operators(*library);
  return library;
}

const std::unique_ptr<torch::Library> library = make_library();

}  // namespace

}  // namespace neuralode::torch_ops
