#include "nulls.h"

namespace neuralode::abi {

NullCalls solve_nulls(World& w) {
  static neuralode_tensor out = nullptr;
  static neuralode_tensor_map map = nullptr;
  static neuralode_dynamics dynamics = nullptr;
  static neuralode_solution solution = nullptr;
  static int32_t occurred = 0;
  static neuralode_status status = NEURALODE_OK;
  static const char* text = nullptr;
  static double reached = 0;
  const auto create = [](neuralode_eval_callback eval, int64_t parameters, int64_t buffers, neuralode_dynamics* made) {
    return neuralode_dynamics_create_callback(eval, nullptr, nullptr, nullptr, nullptr, parameters, nullptr, buffers, made);
  };
  const auto observe = [](neuralode_dynamics f, const neuralode_tensor* z0, neuralode_tensor t0, neuralode_tensor t1, neuralode_observer by,
                          neuralode_solution* made) { return neuralode_solve_observed(f, z0, 1, t0, t1, nullptr, nullptr, by, made); };
  return {
      {"neuralode_dynamics_create_callback.eval", [=] { return create(nullptr, 0, 0, &dynamics); }},
      {"neuralode_dynamics_create_callback.parameters", [=] { return create(identity, 1, 0, &dynamics); }},
      {"neuralode_dynamics_create_callback.buffers", [=] { return create(identity, 0, 1, &dynamics); }},
      {"neuralode_dynamics_create_callback.out_dynamics", [=] { return create(identity, 0, 0, nullptr); }},
      {"neuralode_dynamics_load_torchscript.path", [] { return neuralode_dynamics_load_torchscript(nullptr, "cpu", &dynamics); }},
      {"neuralode_dynamics_load_torchscript.device", [] { return neuralode_dynamics_load_torchscript("x", nullptr, &dynamics); }},
      {"neuralode_dynamics_load_torchscript.out_dynamics", [] { return neuralode_dynamics_load_torchscript("x", "cpu", nullptr); }},
      {"neuralode_dynamics_create_split.explicit_part",
       [&] { return neuralode_dynamics_create_split(nullptr, w.dynamics.get(), &dynamics); }},
      {"neuralode_dynamics_create_split.implicit_part",
       [&] { return neuralode_dynamics_create_split(w.dynamics.get(), nullptr, &dynamics); }},
      {"neuralode_dynamics_create_split.out_dynamics",
       [&] { return neuralode_dynamics_create_split(w.dynamics.get(), w.dynamics.get(), nullptr); }},
      {"neuralode_dynamics_set_preconditioner.dynamics",
       [] { return neuralode_dynamics_set_preconditioner(nullptr, nullptr, nullptr, nullptr); }},
      {"neuralode_dynamics_set_training.dynamics", [] { return neuralode_dynamics_set_training(nullptr, 1); }},
      {"neuralode_dynamics_to_dtype.dynamics", [] { return neuralode_dynamics_to_dtype(nullptr, NEURALODE_FLOAT32); }},
      {"neuralode_dynamics_parameters.dynamics", [] { return neuralode_dynamics_parameters(nullptr, &map); }},
      {"neuralode_dynamics_parameters.out_map", [&] { return neuralode_dynamics_parameters(w.dynamics.get(), nullptr); }},
      {"neuralode_dynamics_buffers.dynamics", [] { return neuralode_dynamics_buffers(nullptr, &map); }},
      {"neuralode_dynamics_buffers.out_map", [&] { return neuralode_dynamics_buffers(w.dynamics.get(), nullptr); }},
      {"neuralode_dynamics_eval.dynamics", [&] { return neuralode_dynamics_eval(nullptr, 0, w.z.list(), 1, &out); }},
      {"neuralode_dynamics_eval.z", [&] { return neuralode_dynamics_eval(w.dynamics.get(), 0, nullptr, 1, &out); }},
      {"neuralode_dynamics_eval.out_u", [&] { return neuralode_dynamics_eval(w.dynamics.get(), 0, w.z.list(), 1, nullptr); }},
      {"neuralode_solve_options_init.out_options", [] { return neuralode_solve_options_init(sizeof(neuralode_solve_options), nullptr); }},
      {"neuralode_solve.dynamics",
       [&] { return neuralode_solve(nullptr, w.z.list(), 1, w.t.get(), w.t.get(), nullptr, nullptr, &solution); }},
      {"neuralode_solve.z0",
       [&] { return neuralode_solve(w.dynamics.get(), nullptr, 1, w.t.get(), w.t.get(), nullptr, nullptr, &solution); }},
      {"neuralode_solve.t0",
       [&] { return neuralode_solve(w.dynamics.get(), w.z.list(), 1, nullptr, w.t.get(), nullptr, nullptr, &solution); }},
      {"neuralode_solve.t1",
       [&] { return neuralode_solve(w.dynamics.get(), w.z.list(), 1, w.t.get(), nullptr, nullptr, nullptr, &solution); }},
      {"neuralode_solve.out_solution",
       [&] { return neuralode_solve(w.dynamics.get(), w.z.list(), 1, w.t.get(), w.t.get(), nullptr, nullptr, nullptr); }},
      {"neuralode_solution_state.solution", [] { return neuralode_solution_state(nullptr, 0, &out); }},
      {"neuralode_solution_state.out_state", [&] { return neuralode_solution_state(w.solution.get(), 0, nullptr); }},
      {"neuralode_solution_statistics.solution",
       [] {
         neuralode_statistics s;
         return neuralode_solution_statistics(nullptr, sizeof s, &s);
       }},
      {"neuralode_solution_statistics.out_statistics",
       [&] { return neuralode_solution_statistics(w.solution.get(), sizeof(neuralode_statistics), nullptr); }},
      {"neuralode_solution_status.solution", [] { return neuralode_solution_status(nullptr, &status, &text, &reached); }},
      {"neuralode_solution_status.out_status", [&] { return neuralode_solution_status(w.solution.get(), nullptr, &text, &reached); }},
      {"neuralode_solution_status.out_text", [&] { return neuralode_solution_status(w.solution.get(), &status, nullptr, &reached); }},
      {"neuralode_solution_status.out_reached", [&] { return neuralode_solution_status(w.solution.get(), &status, &text, nullptr); }},
      {"neuralode_solution_graphs.solution", [] { return neuralode_solution_graphs(nullptr, &text, &text); }},
      {"neuralode_solution_graphs.out_forward", [&] { return neuralode_solution_graphs(w.solution.get(), nullptr, &text); }},
      {"neuralode_solution_graphs.out_backward", [&] { return neuralode_solution_graphs(w.solution.get(), &text, nullptr); }},
      {"neuralode_observer_create.out_observer", [] { return neuralode_observer_create(no_stop, nullptr, 0, nullptr, nullptr, nullptr); }},
      {"neuralode_solve_observed.dynamics",
       [=, &w] { return observe(nullptr, w.z.list(), w.t.get(), w.t.get(), w.observer.get(), &solution); }},
      {"neuralode_solve_observed.z0",
       [=, &w] { return observe(w.dynamics.get(), nullptr, w.t.get(), w.t.get(), w.observer.get(), &solution); }},
      {"neuralode_solve_observed.t0",
       [=, &w] { return observe(w.dynamics.get(), w.z.list(), nullptr, w.t.get(), w.observer.get(), &solution); }},
      {"neuralode_solve_observed.t1",
       [=, &w] { return observe(w.dynamics.get(), w.z.list(), w.t.get(), nullptr, w.observer.get(), &solution); }},
      {"neuralode_solve_observed.observer",
       [=, &w] { return observe(w.dynamics.get(), w.z.list(), w.t.get(), w.t.get(), nullptr, &solution); }},
      {"neuralode_solve_observed.out_solution",
       [=, &w] { return observe(w.dynamics.get(), w.z.list(), w.t.get(), w.t.get(), w.observer.get(), nullptr); }},
      {"neuralode_solution_event.solution", [] { return neuralode_solution_event(nullptr, &occurred, &out); }},
      {"neuralode_solution_event.out_occurred", [&] { return neuralode_solution_event(w.solution.get(), nullptr, &out); }},
      {"neuralode_solution_event.out_time", [&] { return neuralode_solution_event(w.solution.get(), &occurred, nullptr); }},
      {"neuralode_solution_times.solution", [] { return neuralode_solution_times(nullptr, &out); }},
      {"neuralode_solution_times.out_times", [&] { return neuralode_solution_times(w.solution.get(), nullptr); }},
  };
}

}  // namespace neuralode::abi
