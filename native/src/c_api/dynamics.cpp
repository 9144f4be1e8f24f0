#include "c_api/dynamics.h"

#include <ATen/ATen.h>

#include "c_api/callbacks.h"
#include "c_api/tensor_map.h"
#include "dynamics/autograd_dynamics.h"
#include "dynamics/callback_dynamics.h"
#include "dynamics/script_dynamics.h"

using namespace neuralode;
using namespace neuralode::c_api;

namespace {

DynamicsFunction eval_function(neuralode_eval_callback eval, std::shared_ptr<User> user) {
  return [eval, user = std::move(user)](const at::Tensor& t, const TensorList& z) {
    const Borrowed time({t}), state(z);
    Slots u(z.size());
    checked_call("eval",
                 [&] { return eval(user->pointer(), time.data()[0], state.data(), static_cast<std::int64_t>(z.size()), u.data()); });
    return u.take();
  };
}

VjpFunction vjp_function(neuralode_vjp_callback vjp, std::shared_ptr<User> user) {
  return [vjp, user = std::move(user)](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t parameter_count) {
    const Borrowed time({t}), state(z), cotangents(a_u);
    Slots u(z.size()), a_t(1), a_z(z.size()), a_parameters(parameter_count);
    checked_call("vjp", [&] {
      return vjp(user->pointer(), time.data()[0], state.data(), cotangents.data(), static_cast<std::int64_t>(z.size()),
                 static_cast<std::int64_t>(parameter_count), u.data(), a_t.data(), a_z.data(), a_parameters.data());
    });
    return std::make_pair(u.take(), InputCotangents{a_t.take()[0], a_z.take(), a_parameters.take()});
  };
}

}  // namespace

neuralode_status neuralode_dynamics_create_callback(neuralode_eval_callback eval, neuralode_vjp_callback vjp,
                                                    neuralode_release_callback release, void* user, const neuralode_tensor* parameters,
                                                    int64_t parameter_count, const neuralode_tensor* buffers, int64_t buffer_count,
                                                    neuralode_dynamics* out_dynamics) {
  return guarded([&] {
    require(eval != nullptr, "eval is null; give a function that computes f(t, z)");
    not_null(out_dynamics, "out_dynamics");
    auto with = tensors_of(parameters, parameter_count, "parameters");
    auto changing = tensors_of(buffers, buffer_count, "buffers");
    const auto shared = std::make_shared<User>(user, release);
    try {
      if (vjp == nullptr)
        *out_dynamics =
            handle_of_dynamics(std::make_shared<FunctionDynamics>(eval_function(eval, shared), std::move(with), std::move(changing)));
      else
        *out_dynamics = handle_of_dynamics(std::make_shared<CallbackDynamics>(eval_function(eval, shared), vjp_function(vjp, shared),
                                                                              std::move(with), std::move(changing)));
    } catch (...) {
      shared->disarm();
      throw;
    }
  });
}

neuralode_status neuralode_dynamics_load_torchscript(const char* path, const char* device, neuralode_dynamics* out_dynamics) {
  return guarded([&] {
    not_null(out_dynamics, "out_dynamics");
    *out_dynamics = handle_of_dynamics(ScriptDynamics::load(not_null(path, "path"), not_null(device, "device")));
  });
}

neuralode_status neuralode_dynamics_destroy(neuralode_dynamics dynamics) {
  return guarded([&] { destroy_handle(dynamics, "dynamics"); });
}

neuralode_status neuralode_dynamics_set_training(neuralode_dynamics dynamics, int32_t training) {
  return guarded([&] { dynamics_of(dynamics)->set_training(training != 0); });
}

neuralode_status neuralode_dynamics_to_dtype(neuralode_dynamics dynamics, int32_t dtype) {
  return guarded([&] {
    const bool floating =
        dtype == NEURALODE_FLOAT32 || dtype == NEURALODE_FLOAT64 || dtype == NEURALODE_BFLOAT16 || dtype == NEURALODE_FLOAT16;
    require(floating, "dtype: ", dtype, " is no floating dtype of neuralode_dtype");
    dynamics_of(dynamics)->to_dtype(static_cast<at::ScalarType>(dtype));
  });
}

neuralode_status neuralode_dynamics_parameters(neuralode_dynamics dynamics, neuralode_tensor_map* out_map) {
  return guarded([&] {
    not_null(out_map, "out_map");
    *out_map = map_of(dynamics_of(dynamics)->parameters());
  });
}

neuralode_status neuralode_dynamics_buffers(neuralode_dynamics dynamics, neuralode_tensor_map* out_map) {
  return guarded([&] {
    not_null(out_map, "out_map");
    *out_map = map_of(dynamics_of(dynamics)->buffers());
  });
}

neuralode_status neuralode_dynamics_eval(neuralode_dynamics dynamics, double t, const neuralode_tensor* z, int64_t count,
                                         neuralode_tensor* out_u) {
  return guarded([&] {
    const auto state = tensors_of(z, count, "z");
    require(!state.empty(), "z: the state is empty; give at least one tensor");
    not_null(out_u, "out_u");
    write_handles(dynamics_of(dynamics)->eval(at::scalar_tensor(t, state[0].options().requires_grad(false)), state), out_u);
  });
}
