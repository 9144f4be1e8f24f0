// dynamics.h, and callbacks that fail, answer with something else, destroy handles and call the library again.
#include <cmath>
#include <cstring>

#include "world.h"

namespace neuralode::fuzz {

namespace {

enum Behaviour {
  kIdentity,
  kHalf,
  kSine,
  kParameter,
  kFail,
  kLeaveOut,
  kWrongShape,
  kWrongDtype,
  kNotANumber,
  kTheTime,
  kAnyTensor,
  kChangesState,
  kDestroys,
  kCalls,
  kSwitchesGradMode,
  kUnknownStatus,
  kBehaviours
};

neuralode_tensor operation(const char* name, const char* overload, neuralode_tensor a, neuralode_tensor b) {
  neuralode_value arguments[2] = {}, result{};
  arguments[0].kind = arguments[1].kind = NEURALODE_VALUE_TENSOR;
  arguments[0].tensor = a;
  arguments[1].tensor = b;
  std::int64_t count = 0;
  return neuralode_op_call(name, overload, arguments, b == nullptr ? 1 : 2, &result, 1, &count) == NEURALODE_OK ? result.tensor : nullptr;
}

neuralode_tensor scaled(neuralode_tensor a, double factor) {
  neuralode_tensor scale = nullptr;
  neuralode_tensor_create(&factor, NEURALODE_FLOAT64, nullptr, 0, &scale);
  auto* const result = operation("aten::mul", "Tensor", a, scale);
  neuralode_tensor_destroy(scale);
  return result;
}

neuralode_tensor shared(neuralode_tensor tensor) {
  neuralode_tensor result = nullptr;
  neuralode_tensor_share(tensor, &result);
  return result;
}

/// f of one state, as the behaviour has it.
neuralode_tensor answer(User& user, neuralode_tensor t, neuralode_tensor z) {
  auto& w = *user.world;
  const auto behaviour = user.behaviour % (w.depth > 1 ? kFail : kBehaviours);
  switch (behaviour) {
    case kIdentity:
      return shared(z);
    case kSine:
      return operation("aten::sin", "", z, nullptr);
    case kParameter:
      return user.parameter == nullptr ? scaled(z, -1) : operation("aten::mul", "Tensor", z, user.parameter);
    case kLeaveOut:
      return nullptr;
    case kWrongShape:
      return operation("aten::sum", "", z, nullptr);
    case kWrongDtype: {
      neuralode_tensor result = nullptr;
      neuralode_tensor_to(z, nullptr, w.in.dtype(), &result);
      return result;
    }
    case kNotANumber:
      return scaled(z, NAN);
    case kTheTime:
      return shared(t);
    case kAnyTensor:
      return shared(w.tensor());
    case kChangesState:
      neuralode_tensor_destroy(operation("aten::mul_", "Tensor", z, t));
      return shared(z);
    case kDestroys: {
      const auto kind = static_cast<Kind>(w.in.below(kKinds));
      destroy(kind, w.any_to_destroy<void*>(kind));
      return shared(z);
    }
    case kCalls:
      ++w.depth;
      call_one(w);
      --w.depth;
      return shared(z);
    case kSwitchesGradMode:
      neuralode_grad_mode_set(w.in.flag(), nullptr);
      return operation("aten::sin", "", z, nullptr);
    default:
      return scaled(z, 0.5);
  }
}

neuralode_status status_of(User& user) {
  auto& w = *user.world;
  if (user.behaviour % kBehaviours == kUnknownStatus) return static_cast<neuralode_status>(w.in.integer() % INT32_MAX);
  if (--w.budget > 0 && user.behaviour % kBehaviours != kFail) return NEURALODE_OK;
  neuralode_set_last_error(w.in.rarely(2) ? "no" : nullptr);
  return NEURALODE_CALLBACK_FAILED;
}

User& user_of(void* pointer) {
  auto& user = *static_cast<User*>(pointer);
  expect(user.releases == 0, "a callback after its release");
  return user;
}

neuralode_status vjp(void* pointer, neuralode_tensor t, const neuralode_tensor* z, const neuralode_tensor* a_u, int64_t count,
                     int64_t parameter_count, neuralode_tensor* out_u, neuralode_tensor* out_a_t, neuralode_tensor* out_a_z,
                     neuralode_tensor* out_a_parameters) {
  auto& user = user_of(pointer);
  for (int64_t i = 0; i < count; ++i) {
    out_u[i] = answer(user, t, z[i]);
    out_a_z[i] = a_u[i] == nullptr ? nullptr : answer(user, t, a_u[i]);
  }
  if (user.behaviour & 16) *out_a_t = answer(user, t, t);
  if ((user.behaviour & 32) && parameter_count > 0) *out_a_parameters = answer(user, t, z[0]);
  return status_of(user);
}

neuralode_status precondition(void* pointer, neuralode_tensor t, const neuralode_tensor*, double, int32_t, const neuralode_tensor* r,
                              int64_t count, neuralode_tensor* out_x) {
  auto& user = user_of(pointer);
  for (int64_t i = 0; i < count; ++i) out_x[i] = answer(user, t, r[i]);
  return status_of(user);
}

neuralode_status step(void* pointer, int64_t, double, double, const neuralode_tensor* z, int64_t count, int32_t* out_stop) {
  auto& user = user_of(pointer);
  if (count > 0) neuralode_tensor_destroy(answer(user, z[0], z[0]));
  *out_stop = user.world->in.rarely(8) ? user.world->in.flag() : 0;
  return status_of(user);
}

neuralode_status event(void* pointer, neuralode_tensor t, const neuralode_tensor* z, int64_t count, neuralode_tensor* out_g) {
  auto& user = user_of(pointer);
  auto* const value = count > 0 ? answer(user, t, z[0]) : nullptr;
  *out_g = user.behaviour & 64 ? value : operation("aten::sum", "", value, nullptr);
  if (!(user.behaviour & 64)) neuralode_tensor_destroy(value);
  return status_of(user);
}

void release(void* pointer) { ++user_of(pointer).releases; }

void create_callback(World& w) {
  auto* const user = w.user();
  const auto parameters = w.in.rarely(2) ? w.tensors() : std::vector<neuralode_tensor>();
  const auto buffers = w.in.rarely(8) ? w.tensors() : std::vector<neuralode_tensor>();
  if (!parameters.empty()) neuralode_tensor_share(parameters[0], &user->parameter);
  const bool with_release = !w.in.rarely(4);
  neuralode_dynamics made = nullptr;
  const auto status =
      neuralode_dynamics_create_callback(w.in.rarely(32) ? nullptr : eval, w.in.rarely(4) ? vjp : nullptr, with_release ? release : nullptr,
                                         user, parameters.data(), w.in.rarely(32) ? -1 : static_cast<std::int64_t>(parameters.size()),
                                         buffers.data(), static_cast<std::int64_t>(buffers.size()), &made);
  user->counted = with_release && status == NEURALODE_OK;
  w.keep(kDynamics, status, made);
}

void set_preconditioner(World& w) {
  auto* const dynamics = w.any<neuralode_dynamics>(kDynamics);
  auto* const user = w.user();
  const bool with_release = !w.in.rarely(4);
  const bool with_function = !w.in.rarely(4);
  const auto status =
      neuralode_dynamics_set_preconditioner(dynamics, with_function ? precondition : nullptr, with_release ? release : nullptr, user);
  user->counted = with_release && with_function && succeeded(status);
}

void create_observer(World& w) {
  auto* const user = w.user();
  const bool with_release = !w.in.rarely(4);
  neuralode_observer made = nullptr;
  const auto status = neuralode_observer_create(w.in.rarely(4) ? nullptr : step, w.in.rarely(2) ? event : nullptr,
                                                w.in.rarely(4) ? w.in.choice(2) - 1 : 0, with_release ? release : nullptr, user, &made);
  user->counted = with_release && status == NEURALODE_OK;
  w.keep(kObserver, status, made);
}

void load_torchscript(World& w) {
  constexpr const char* names[] = {NEURALODE_VECTORS "/linear.pt",
                                   NEURALODE_VECTORS "/pair.pt",
                                   NEURALODE_VECTORS "/time_mlp.pt",
                                   nullptr,
                                   NEURALODE_VECTORS "/none.pt",
                                   NEURALODE_VECTORS "/cases.json",
                                   NEURALODE_VECTORS};
  neuralode_dynamics made = nullptr;
  const auto* const name = w.in.any(names);
  w.keep(kDynamics, neuralode_dynamics_load_torchscript(name, w.in.rarely(4) ? w.in.device() : "cpu", &made), made);
}

}  // namespace

neuralode_status eval(void* pointer, neuralode_tensor t, const neuralode_tensor* z, int64_t count, neuralode_tensor* out_u) {
  auto& user = user_of(pointer);
  for (int64_t i = 0; i < count; ++i) out_u[i] = answer(user, t, z[i]);
  return status_of(user);
}

neuralode_observer idle_observer() {
  neuralode_observer made = nullptr;
  neuralode_observer_create([](void*, int64_t, double, double, const neuralode_tensor*, int64_t, int32_t*) { return neuralode_status{0}; },
                            nullptr, 0, nullptr, nullptr, &made);
  return made;
}

Calls dynamics_calls() {
  return {
      {"neuralode_dynamics_create_callback", create_callback},
      {"neuralode_dynamics_set_preconditioner", set_preconditioner},
      {"neuralode_observer_create", create_observer},
      {"neuralode_dynamics_load_torchscript", load_torchscript},
      {"neuralode_dynamics_create_split",
       [](World& w) {
         neuralode_dynamics made = nullptr;
         auto* const first = w.any<neuralode_dynamics>(kDynamics);
         w.keep(kDynamics, neuralode_dynamics_create_split(first, w.any<neuralode_dynamics>(kDynamics), &made), made);
       }},
      {"neuralode_dynamics_destroy",
       [](World& w) { succeeded(neuralode_dynamics_destroy(w.any_to_destroy<neuralode_dynamics>(kDynamics))); }},
      {"neuralode_dynamics_set_training",
       [](World& w) { succeeded(neuralode_dynamics_set_training(w.any<neuralode_dynamics>(kDynamics), w.in.flag())); }},
      {"neuralode_dynamics_to_dtype",
       [](World& w) { succeeded(neuralode_dynamics_to_dtype(w.any<neuralode_dynamics>(kDynamics), w.in.dtype())); }},
      {"neuralode_dynamics_parameters",
       [](World& w) {
         neuralode_tensor_map made = nullptr;
         w.keep(kMap, neuralode_dynamics_parameters(w.any<neuralode_dynamics>(kDynamics), &made), made);
       }},
      {"neuralode_dynamics_buffers",
       [](World& w) {
         neuralode_tensor_map made = nullptr;
         w.keep(kMap, neuralode_dynamics_buffers(w.any<neuralode_dynamics>(kDynamics), &made), made);
       }},
      {"neuralode_dynamics_eval",
       [](World& w) {
         auto* const dynamics = w.any<neuralode_dynamics>(kDynamics);
         const auto z = w.states();
         std::vector<neuralode_tensor> u(z.size() + 1, nullptr);
         const auto count = w.in.rarely(16) ? -1 : static_cast<std::int64_t>(z.size());
         const auto status = neuralode_dynamics_eval(dynamics, w.in.real(), z.data(), count, w.in.rarely(32) ? nullptr : u.data());
         for (auto* one : u) w.keep_tensor(status, one);
       }},
      {"neuralode_observer_destroy",
       [](World& w) { succeeded(neuralode_observer_destroy(w.any_to_destroy<neuralode_observer>(kObserver))); }},
  };
}

}  // namespace neuralode::fuzz
