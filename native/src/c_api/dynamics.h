// What is behind neuralode_dynamics.
#pragma once

#include "c_api/handles.h"
#include "dynamics/dynamics.h"
#include "neuralode/dynamics.h"

struct neuralode_dynamics_t : neuralode::c_api::Counted {
  std::shared_ptr<neuralode::Dynamics> value;
};
