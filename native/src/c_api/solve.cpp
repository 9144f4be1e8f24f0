#include "neuralode/solve.h"

#include <ATen/ATen.h>

#include "c_api/dynamics.h"
#include "c_api/guarded.h"
#include "c_api/handles.h"
#include "c_api/options.h"
#include "c_api/solution.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace neuralode::c_api {

namespace {

bool flag_of(const char* name, std::int32_t value) {
  require(value == 0 || value == 1, name, ": ", value, " is no flag; give 0 or 1");
  return value == 1;
}

}  // namespace

SolveOptions solve_options_of(const neuralode_solve_options* options) {
  const auto given = read_options(options, &neuralode_solve_options_init);
  SolveOptions result;
  result.solver = static_cast<SolverKind>(given.solver);
  result.gradient = static_cast<GradientKind>(given.gradient);
  result.reversal = static_cast<ReversalKind>(given.reversal);
  result.snapshots = static_cast<SnapshotKind>(given.snapshots);
  result.failure = static_cast<FailureKind>(given.failure);
  result.steps.step_size = given.step_size;
  result.steps.rtol = given.rtol;
  result.steps.atol = given.atol;
  result.steps.initial_step_size = given.initial_step_size;
  result.steps.max_steps = given.max_steps;
  result.eta = given.eta;
  result.snapshot_interval = given.snapshot_interval;
  result.drift_tolerance = given.drift_tolerance;
  result.checkpoints = given.checkpoints;
  result.steps.controller = static_cast<ControllerKind>(given.controller);
  result.adjoint_seminorm = flag_of("adjoint_seminorm", given.adjoint_seminorm);
  result.coupling = given.coupling;
  result.newton.tolerance = given.newton_tolerance;
  result.newton.dense_limit = given.dense_jacobian_limit;
  result.newton.max_iterations = given.max_newton_iterations;
  result.newton.krylov_dimension = given.krylov_dimension;
  result.dense_output = flag_of("dense_output", given.dense_output);
  result.per_sample = flag_of("per_sample", given.per_sample);
  result.checkpoint_stages = flag_of("checkpoint_stages", given.checkpoint_stages);
  result.graphs = static_cast<GraphKind>(given.graphs);
  check(result);
  return result;
}

neuralode_statistics statistics_of(const Statistics& statistics) {
  neuralode_statistics result{};
  result.steps_accepted = statistics.steps_accepted;
  result.steps_rejected = statistics.steps_rejected;
  result.nfe_forward = statistics.nfe_forward;
  result.nfe_backward = statistics.nfe_backward;
  result.snapshots = statistics.snapshots;
  result.reconstruction_error = statistics.reconstruction_error;
  result.snapshot_bytes = statistics.snapshot_bytes;
  result.steps_replayed = statistics.steps_replayed;
  result.newton_iterations = statistics.newton_iterations;
  result.newton_failures = statistics.newton_failures;
  result.jacobian_products = statistics.jacobian_products;
  result.jacobian_products_backward = statistics.jacobian_products_backward;
  return result;
}

Problem problem_of(neuralode_dynamics dynamics, const neuralode_tensor* z0, std::int64_t count, neuralode_tensor t0, neuralode_tensor t1,
                   neuralode_tensor t_eval, const neuralode_solve_options* options) {
  return {held(dynamics, "dynamics")->value, tensors_of(z0, count, "z0"), tensor_of(t0, "t0"), tensor_of(t1, "t1"),
          tensor_or_undefined(t_eval),       solve_options_of(options)};
}

}  // namespace neuralode::c_api

neuralode_status neuralode_solve_options_init(uint32_t struct_size, neuralode_solve_options* out_options) {
  return guarded([&] {
    const SolveOptions defaults;
    neuralode_solve_options options{};
    options.struct_size = sizeof options;
    options.solver = static_cast<std::int32_t>(defaults.solver);
    options.gradient = static_cast<std::int32_t>(defaults.gradient);
    options.reversal = static_cast<std::int32_t>(defaults.reversal);
    options.step_size = defaults.steps.step_size;
    options.rtol = defaults.steps.rtol;
    options.atol = defaults.steps.atol;
    options.initial_step_size = defaults.steps.initial_step_size;
    options.eta = defaults.eta;
    options.max_steps = defaults.steps.max_steps;
    options.snapshots = static_cast<std::int32_t>(defaults.snapshots);
    options.failure = static_cast<std::int32_t>(defaults.failure);
    options.snapshot_interval = defaults.snapshot_interval;
    options.drift_tolerance = defaults.drift_tolerance;
    options.checkpoints = defaults.checkpoints;
    options.controller = static_cast<std::int32_t>(defaults.steps.controller);
    options.adjoint_seminorm = defaults.adjoint_seminorm ? 1 : 0;
    options.coupling = defaults.coupling;
    options.newton_tolerance = defaults.newton.tolerance;
    options.dense_jacobian_limit = defaults.newton.dense_limit;
    options.max_newton_iterations = defaults.newton.max_iterations;
    options.krylov_dimension = defaults.newton.krylov_dimension;
    options.dense_output = defaults.dense_output ? 1 : 0;
    options.per_sample = defaults.per_sample ? 1 : 0;
    options.checkpoint_stages = defaults.checkpoint_stages ? 1 : 0;
    options.graphs = static_cast<std::int32_t>(defaults.graphs);
    write_options(options, struct_size, out_options);
  });
}

neuralode_status neuralode_solve(neuralode_dynamics dynamics, const neuralode_tensor* z0, int64_t count, neuralode_tensor t0,
                                 neuralode_tensor t1, neuralode_tensor t_eval, const neuralode_solve_options* options,
                                 neuralode_solution* out_solution) {
  return guarded([&] {
    not_null(out_solution, "out_solution");
    const auto problem = problem_of(dynamics, z0, count, t0, t1, t_eval, options);
    auto solution = std::make_shared<neuralode_solution_t>();
    solution->value = solve(problem);
    *out_solution = new_handle(std::move(solution));
  });
}

neuralode_status neuralode_solution_destroy(neuralode_solution solution) {
  return guarded([&] { destroy_handle(solution, "solution"); });
}

neuralode_status neuralode_solution_state(neuralode_solution solution, int64_t index, neuralode_tensor* out_state) {
  return guarded([&] {
    const auto self = held(solution, "solution");
    const auto& states = self->value.states;
    require(index >= 0 && index < static_cast<std::int64_t>(states.size()), "index: ", index, " is outside [0, ", states.size(), ")");
    not_null(out_state, "out_state");
    *out_state = handle_of(states[static_cast<std::size_t>(index)]);
  });
}

neuralode_status neuralode_solution_statistics(neuralode_solution solution, uint32_t struct_size, neuralode_statistics* out_statistics) {
  return guarded([&] {
    const auto self = held(solution, "solution");
    write_struct(statistics_of(*self->value.statistics), struct_size, out_statistics, "out_statistics");
  });
}

neuralode_status neuralode_solution_graphs(neuralode_solution solution, const char** out_forward, const char** out_backward) {
  return guarded([&] {
    const auto self = held(solution, "solution");
    not_null(out_forward, "out_forward");
    not_null(out_backward, "out_backward");
    self->graph_forward = self->value.statistics->graph_forward;
    self->graph_backward = self->value.statistics->graph_backward;
    *out_forward = self->graph_forward.c_str();
    *out_backward = self->graph_backward.c_str();
  });
}

neuralode_status neuralode_solution_status(neuralode_solution solution, neuralode_status* out_status, const char** out_text,
                                           double* out_reached) {
  return guarded([&] {
    const auto self = held(solution, "solution");
    const auto& outcome = *self->value.outcome;
    not_null(out_status, "out_status");
    not_null(out_text, "out_text");
    not_null(out_reached, "out_reached");
    self->text = outcome.text;
    *out_status = static_cast<neuralode_status>(outcome.status);
    *out_text = self->text.c_str();
    *out_reached = outcome.reached;
  });
}

neuralode_status neuralode_solution_times(neuralode_solution solution, neuralode_tensor* out_times) {
  return guarded([&] {
    const auto self = held(solution, "solution");
    const auto& value = self->value;
    not_null(out_times, "out_times");
    std::vector<double> times;
    const auto samples = static_cast<std::int64_t>(value.grid->samples.size());
    for (const auto& step : value.grid->steps) {
      if (!step.samples)
        times.push_back(step.t);
      else
        for (const auto& trial : step.samples->trials) times.push_back(trial.t);
    }
    for (const auto& sample : value.grid->samples) times.push_back(sample.t);
    if (samples == 0) times.push_back(value.outcome->reached);
    auto tensor = at::tensor(times, at::kDouble);
    *out_times = handle_of(samples == 0 ? tensor : tensor.view({-1, samples}));
  });
}
