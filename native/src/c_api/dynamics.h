// What is behind neuralode_dynamics.
#pragma once

#include "c_api/handles.h"
#include "dynamics/dynamics.h"
#include "neuralode/dynamics.h"

struct neuralode_dynamics_t : neuralode::c_api::Counted {
  std::shared_ptr<neuralode::Dynamics> value;
};

namespace neuralode::c_api {

inline neuralode_dynamics handle_of_dynamics(std::shared_ptr<Dynamics> value) {
  auto handle = std::make_unique<neuralode_dynamics_t>();
  handle->value = std::move(value);
  return handle.release();
}

inline Dynamics& dynamics_of(neuralode_dynamics dynamics) { return *not_null(dynamics, "dynamics")->value; }

}  // namespace neuralode::c_api
