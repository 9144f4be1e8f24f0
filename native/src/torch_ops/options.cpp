#include "torch_ops/options.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "gradients/names.h"

namespace neuralode::torch_ops {

namespace {

std::int32_t clamped(std::int64_t value) {
  using Limits = std::numeric_limits<std::int32_t>;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, Limits::min(), Limits::max()));
}

struct Option {
  const char* type;
  const char* name;
  void (*set)(SolveOptions& options, const c10::IValue& value);
};

/// solver before gradient, whose default depends on it.
constexpr Option all_options[] = {
    {"str", "solver", [](SolveOptions& o, const c10::IValue& v) { o.solver = solver_named(v.toStringRef()); }},
    {"str", "gradient", [](SolveOptions& o, const c10::IValue& v) { o.gradient = gradient_named(v.toStringRef()); }},
    {"float", "rtol", [](SolveOptions& o, const c10::IValue& v) { o.steps.rtol = v.toDouble(); }},
    {"float", "atol", [](SolveOptions& o, const c10::IValue& v) { o.steps.atol = v.toDouble(); }},
    {"float", "step_size", [](SolveOptions& o, const c10::IValue& v) { o.steps.step_size = v.toDouble(); }},
    {"float", "initial_step_size", [](SolveOptions& o, const c10::IValue& v) { o.steps.initial_step_size = v.toDouble(); }},
    {"str", "controller", [](SolveOptions& o, const c10::IValue& v) { o.steps.controller = controller_named(v.toStringRef()); }},
    {"int", "max_steps", [](SolveOptions& o, const c10::IValue& v) { o.steps.max_steps = v.toInt(); }},
    {"float", "eta", [](SolveOptions& o, const c10::IValue& v) { o.eta = v.toDouble(); }},
    {"float", "coupling", [](SolveOptions& o, const c10::IValue& v) { o.coupling = v.toDouble(); }},
    {"str", "reversal", [](SolveOptions& o, const c10::IValue& v) { o.reversal = reversal_named(v.toStringRef()); }},
    {"str", "snapshot_interval", [](SolveOptions& o, const c10::IValue& v) { set_snapshot_interval(o, v.toStringRef()); }},
    {"float", "drift_tolerance", [](SolveOptions& o, const c10::IValue& v) { o.drift_tolerance = v.toDouble(); }},
    {"int", "checkpoints", [](SolveOptions& o, const c10::IValue& v) { o.checkpoints = v.toInt(); }},
    {"bool", "checkpoint_stages", [](SolveOptions& o, const c10::IValue& v) { o.checkpoint_stages = v.toBool(); }},
    {"bool", "adjoint_seminorm", [](SolveOptions& o, const c10::IValue& v) { o.adjoint_seminorm = v.toBool(); }},
    {"float", "newton_tolerance", [](SolveOptions& o, const c10::IValue& v) { o.newton.tolerance = v.toDouble(); }},
    {"int", "dense_jacobian_limit", [](SolveOptions& o, const c10::IValue& v) { o.newton.dense_limit = v.toInt(); }},
    {"int", "max_newton_iterations", [](SolveOptions& o, const c10::IValue& v) { o.newton.max_iterations = clamped(v.toInt()); }},
    {"int", "krylov_dimension", [](SolveOptions& o, const c10::IValue& v) { o.newton.krylov_dimension = clamped(v.toInt()); }},
    {"bool", "dense_output", [](SolveOptions& o, const c10::IValue& v) { o.dense_output = v.toBool(); }},
    {"bool", "per_sample", [](SolveOptions& o, const c10::IValue& v) { o.per_sample = v.toBool(); }},
    {"str", "failure", [](SolveOptions& o, const c10::IValue& v) { o.failure = failure_named(v.toStringRef()); }},
    {"str", "graphs", [](SolveOptions& o, const c10::IValue& v) { o.graphs = graphs_named(v.toStringRef()); }},
};

}  // namespace

const std::string& option_schema() {
  static const std::string schema = [] {
    std::string text;
    for (const auto& option : all_options) text += text_of(text.empty() ? "" : ", ", option.type, "? ", option.name, "=None");
    return text;
  }();
  return schema;
}

SolveOptions read_options(const c10::FunctionSchema& schema, c10::ArrayRef<c10::IValue> arguments) {
  SolveOptions result;
  bool gradient_given = false;
  for (const auto& option : all_options) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i].isNone() || schema.arguments()[i].name() != option.name) continue;
      option.set(result, arguments[i]);
      gradient_given = gradient_given || std::strcmp(option.name, "gradient") == 0;
    }
  }
  if (!gradient_given) result.gradient = usual_gradient(result.solver);
  check(result);
  return result;
}

c10::Dict<std::string, double> abi_fields_of(const SolveOptions& options) {
  c10::Dict<std::string, double> fields;
  const auto add = [&](const char* name, auto value) { fields.insert(name, static_cast<double>(value)); };
  add("solver", options.solver);
  add("gradient", options.gradient);
  add("reversal", options.reversal);
  add("step_size", options.steps.step_size);
  add("rtol", options.steps.rtol);
  add("atol", options.steps.atol);
  add("initial_step_size", options.steps.initial_step_size);
  add("eta", options.eta);
  add("max_steps", options.steps.max_steps);
  add("snapshots", options.snapshots);
  add("failure", options.failure);
  add("snapshot_interval", options.snapshot_interval);
  add("drift_tolerance", options.drift_tolerance);
  add("checkpoints", options.checkpoints);
  add("controller", options.steps.controller);
  add("adjoint_seminorm", options.adjoint_seminorm);
  add("coupling", options.coupling);
  add("newton_tolerance", options.newton.tolerance);
  add("dense_jacobian_limit", options.newton.dense_limit);
  add("max_newton_iterations", options.newton.max_iterations);
  add("krylov_dimension", options.newton.krylov_dimension);
  add("dense_output", options.dense_output);
  add("per_sample", options.per_sample);
  add("checkpoint_stages", options.checkpoint_stages);
  add("graphs", static_cast<std::int64_t>(options.graphs));
  return fields;
}

}  // namespace neuralode::torch_ops
