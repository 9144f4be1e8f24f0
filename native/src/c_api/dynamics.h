// What is behind neuralode_dynamics.
#pragma once

#include "c_api/handles.h"
#include "dynamics/dynamics.h"
#include "neuralode/dynamics.h"

struct neuralode_dynamics_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::dynamics;
  std::shared_ptr<neuralode::Dynamics> value;
};

namespace neuralode::c_api {

inline neuralode_dynamics handle_of_dynamics(std::shared_ptr<Dynamics> value) {
  auto handle = std::make_shared<neuralode_dynamics_t>();
  handle->value = std::move(value);
  return new_handle(std::move(handle));
}

inline std::shared_ptr<Dynamics> dynamics_of(neuralode_dynamics dynamics) { return held(dynamics, "dynamics")->value; }

}  // namespace neuralode::c_api
