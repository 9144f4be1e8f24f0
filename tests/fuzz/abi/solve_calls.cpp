// solve.h and what observe.h adds to it.
#include <algorithm>

#include "world.h"

namespace neuralode::fuzz {

namespace {

constexpr std::int64_t most_steps = 30;

/// One field, at random. All but the method's kinds are rarely left as they are by a caller who abuses them.
void change(World& w, neuralode_solve_options& options) {
  auto& in = w.in;
  switch (in.below(24)) {
    case 0:
      options.reversal = in.choice(1);
      break;
    case 1:
      options.step_size = in.real();
      break;
    case 2:
      options.rtol = in.real();
      break;
    case 3:
      options.atol = in.real();
      break;
    case 4:
      options.initial_step_size = in.real();
      break;
    case 5:
      options.eta = in.real();
      break;
    case 6:
      options.max_steps = in.integer();
      break;
    case 7:
      options.snapshots = in.choice(2);
      break;
    case 8:
      options.failure = in.choice(1);
      break;
    case 9:
      options.snapshots = NEURALODE_SNAPSHOTS_EVERY;
      options.snapshot_interval = in.integer();
      break;
    case 10:
      options.drift_tolerance = in.real();
      break;
    case 11:
      options.checkpoints = in.integer();
      break;
    case 12:
      options.controller = in.choice(2);
      break;
    case 13:
      options.adjoint_seminorm = in.flag();
      break;
    case 14:
      options.coupling = in.real();
      break;
    case 15:
      options.newton_tolerance = in.real();
      break;
    case 16:
      options.dense_jacobian_limit = in.integer();
      break;
    case 17:
      options.max_newton_iterations = static_cast<std::int32_t>(in.integer() % INT32_MAX);
      break;
    case 18:
      options.krylov_dimension = static_cast<std::int32_t>(in.integer() % INT32_MAX);
      break;
    case 19:
      options.dense_output = in.flag();
      break;
    case 20:
      options.per_sample = in.flag();
      break;
    case 21:
      options.checkpoint_stages = in.flag();
      break;
    case 22:
      options.graphs = in.rarely(8) ? in.flag() : 0;
      break;
    default:
      options.gradient = in.choice(7);
  }
}

void solve(World& w, bool observed) {
  auto* const dynamics = w.any<neuralode_dynamics>(kDynamics);
  const auto z0 = w.states();
  auto *const t0 = w.time(0), *const t1 = w.time(1);
  auto* const t_eval = w.in.rarely(4) ? w.tensor() : nullptr;
  const auto options = solve_options(w, false);
  const auto* const given = w.in.rarely(32) ? nullptr : &options;
  const auto count = w.in.rarely(32) ? -1 : static_cast<std::int64_t>(z0.size());
  neuralode_solution made = nullptr;
  const auto status =
      observed ? neuralode_solve_observed(dynamics, z0.data(), count, t0, t1, t_eval, given, w.any<neuralode_observer>(kObserver), &made)
               : neuralode_solve(dynamics, z0.data(), count, t0, t1, t_eval, given, &made);
  w.keep(kSolution, status, made);
}

/// Sums and differentiates the end state: what a training step does.
void differentiate(World& w, neuralode_tensor state) {
  neuralode_value argument{}, result{};
  argument.kind = NEURALODE_VALUE_TENSOR;
  argument.tensor = state;
  std::int64_t count = 0;
  if (!succeeded(neuralode_op_call("aten::sum", "", &argument, 1, &result, 1, &count))) return;
  succeeded(neuralode_tensor_backward(result.tensor, nullptr, w.in.flag(), 0));
  neuralode_tensor_destroy(result.tensor);
}

}  // namespace

neuralode_solve_options solve_options(World& w, bool whole) {
  neuralode_solve_options options{};
  neuralode_solve_options_init(sizeof options, &options);
  options.solver = w.in.choice(14);
  // What goes with the solver, mostly.
  options.gradient = options.solver == NEURALODE_SOLVER_ALF ? NEURALODE_GRADIENT_MALI : NEURALODE_GRADIENT_PNODE;
  if (w.in.rarely(4)) options.gradient = w.in.choice(7);
  if (w.in.rarely(2)) options.step_size = 0.25;
  options.max_steps = most_steps;
  for (auto changes = w.in.rarely(2) ? w.in.below(4) : 0; changes > 0; --changes) change(w, options);
  options.max_steps = std::min(options.max_steps, most_steps);
  if (!whole) options.struct_size = w.in.struct_size(sizeof options);
  return options;
}

Calls solve_calls() {
  return {
      {"neuralode_solve", [](World& w) { solve(w, false); }},
      {"neuralode_solve_observed", [](World& w) { solve(w, true); }},
      {"neuralode_solve_options_init",
       [](World& w) {
         neuralode_solve_options options{};
         succeeded(neuralode_solve_options_init(w.in.struct_size(sizeof options), w.in.rarely(8) ? nullptr : &options));
       }},
      {"neuralode_solution_destroy",
       [](World& w) { succeeded(neuralode_solution_destroy(w.any_to_destroy<neuralode_solution>(kSolution))); }},
      {"neuralode_solution_state",
       [](World& w) {
         neuralode_tensor made = nullptr;
         const auto status = neuralode_solution_state(w.any<neuralode_solution>(kSolution), w.in.rarely(4) ? w.in.integer() : 0, &made);
         if (status == NEURALODE_OK && w.in.byte() % 2) differentiate(w, made);
         w.keep_tensor(status, made);
       }},
      {"neuralode_solution_statistics",
       [](World& w) {
         neuralode_statistics statistics{};
         auto* const solution = w.any<neuralode_solution>(kSolution);
         succeeded(neuralode_solution_statistics(solution, w.in.struct_size(sizeof statistics), w.in.rarely(8) ? nullptr : &statistics));
       }},
      {"neuralode_solution_status",
       [](World& w) {
         neuralode_status status = 0;
         const char* text = nullptr;
         double reached = 0;
         auto* const solution = w.any<neuralode_solution>(kSolution);
         if (succeeded(neuralode_solution_status(solution, &status, w.in.rarely(8) ? nullptr : &text, &reached)))
           expect(text != nullptr && status >= NEURALODE_OK && status <= NEURALODE_CANCELLED, "a solution without a status");
       }},
      {"neuralode_solution_graphs",
       [](World& w) {
         const char *forward = nullptr, *backward = nullptr;
         auto* const solution = w.any<neuralode_solution>(kSolution);
         if (succeeded(neuralode_solution_graphs(solution, &forward, w.in.rarely(8) ? nullptr : &backward)))
           expect(forward != nullptr && backward != nullptr, "a solution without a word on graphs");
       }},
      {"neuralode_solution_times",
       [](World& w) {
         neuralode_tensor made = nullptr;
         w.keep_tensor(neuralode_solution_times(w.any<neuralode_solution>(kSolution), &made), made);
       }},
      {"neuralode_solution_event",
       [](World& w) {
         neuralode_tensor made = nullptr;
         std::int32_t occurred = 0;
         w.keep_tensor(neuralode_solution_event(w.any<neuralode_solution>(kSolution), w.in.rarely(8) ? nullptr : &occurred, &made), made);
       }},
  };
}

}  // namespace neuralode::fuzz
