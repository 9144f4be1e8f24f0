#include "world.h"

namespace neuralode::fuzz {

Calls status_calls() {
  return {
      {"neuralode_last_error", [](World&) { expect(neuralode_last_error() != nullptr, "no text"); }},
      {"neuralode_set_last_error", [](World& w) { succeeded(neuralode_set_last_error(w.in.text())); }},
      {"neuralode_abi_version", [](World&) { expect(neuralode_abi_version() == NEURALODE_ABI_VERSION, "another version"); }},
      {"neuralode_build_info",
       [](World& w) {
         const char* json = nullptr;
         succeeded(neuralode_build_info(w.in.rarely(4) ? nullptr : &json));
       }},
      {"neuralode_struct_layouts",
       [](World& w) {
         const char* json = nullptr;
         succeeded(neuralode_struct_layouts(w.in.rarely(4) ? nullptr : &json));
       }},
  };
}

neuralode_status destroy(Kind kind, void* handle) {
  switch (kind) {
    case kMap:
      return neuralode_tensor_map_destroy(static_cast<neuralode_tensor_map>(handle));
    case kDynamics:
      return neuralode_dynamics_destroy(static_cast<neuralode_dynamics>(handle));
    case kSolution:
      return neuralode_solution_destroy(static_cast<neuralode_solution>(handle));
    case kObserver:
      return neuralode_observer_destroy(static_cast<neuralode_observer>(handle));
    case kModel:
      return neuralode_model_destroy(static_cast<neuralode_model>(handle));
    case kOptimizer:
      return neuralode_optimizer_destroy(static_cast<neuralode_optimizer>(handle));
    case kCheckpoint:
      return neuralode_checkpoint_destroy(static_cast<neuralode_checkpoint>(handle));
    case kScaler:
      return neuralode_grad_scaler_destroy(static_cast<neuralode_grad_scaler>(handle));
    case kFolder:
      return neuralode_image_folder_destroy(static_cast<neuralode_image_folder>(handle));
    case kLoader:
      return neuralode_loader_destroy(static_cast<neuralode_loader>(handle));
    case kKinds:
      break;
  }
  return NEURALODE_INVALID_ARGUMENT;
}

}  // namespace neuralode::fuzz
