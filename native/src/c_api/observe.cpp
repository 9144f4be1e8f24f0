#include "neuralode/observe.h"

#include "c_api/callbacks.h"
#include "c_api/guarded.h"
#include "c_api/solution.h"
#include "gradients/observer.h"

using namespace neuralode;
using namespace neuralode::c_api;

struct neuralode_observer_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::observer;
  Observer value;
};

namespace {

auto step_function(neuralode_step_callback step, std::shared_ptr<User> user) {
  return [step, user = std::move(user)](std::int64_t number, double t, double h, const TensorList& z) {
    const Borrowed state(z);
    std::int32_t stop = 0;
    checked_call("step", [&] { return step(user->pointer(), number, t, h, state.data(), static_cast<std::int64_t>(z.size()), &stop); });
    require(stop == 0 || stop == 1, "out_stop: ", stop, " is no flag; write 0 or 1");
    return stop == 1;
  };
}

auto event_function(neuralode_event_callback event, std::shared_ptr<User> user) {
  return [event, user = std::move(user)](const at::Tensor& t, const TensorList& z) {
    const Borrowed time({t}), state(z);
    Slots g(1);
    checked_call("event",
                 [&] { return event(user->pointer(), time.data()[0], state.data(), static_cast<std::int64_t>(z.size()), g.data()); });
    return g.take()[0];
  };
}

}  // namespace

neuralode_status neuralode_observer_create(neuralode_step_callback step, neuralode_event_callback event, int32_t direction,
                                           neuralode_release_callback release, void* user, neuralode_observer* out_observer) {
  return guarded([&] {
    not_null(out_observer, "out_observer");
    const auto shared = std::make_shared<User>(user, release);
    try {
      auto observer = std::make_shared<neuralode_observer_t>();
      if (step != nullptr) observer->value.step = step_function(step, shared);
      if (event != nullptr) observer->value.event = event_function(event, shared);
      observer->value.direction = direction;
      check(observer->value);
      *out_observer = new_handle(std::move(observer));
    } catch (...) {
      shared->disarm();
      throw;
    }
  });
}

neuralode_status neuralode_observer_destroy(neuralode_observer observer) {
  return guarded([&] { destroy_handle(observer, "observer"); });
}

neuralode_status neuralode_solve_observed(neuralode_dynamics dynamics, const neuralode_tensor* z0, int64_t count, neuralode_tensor t0,
                                          neuralode_tensor t1, neuralode_tensor t_eval, const neuralode_solve_options* options,
                                          neuralode_observer observer, neuralode_solution* out_solution) {
  return guarded([&] {
    not_null(out_solution, "out_solution");
    const auto watching = held(observer, "observer");
    const auto problem = problem_of(dynamics, z0, count, t0, t1, t_eval, options);
    auto solution = std::make_shared<neuralode_solution_t>();
    auto observed = solve(problem, watching->value);
    solution->value = std::move(observed.solution);
    solution->event_time = std::move(observed.event_time);
    *out_solution = new_handle(std::move(solution));
  });
}

neuralode_status neuralode_solution_event(neuralode_solution solution, int32_t* out_occurred, neuralode_tensor* out_time) {
  return guarded([&] {
    const auto time = held(solution, "solution")->event_time;
    not_null(out_occurred, "out_occurred");
    not_null(out_time, "out_time");
    auto* handle = handle_of(time);
    *out_occurred = handle != nullptr ? 1 : 0;
    *out_time = handle;
  });
}
