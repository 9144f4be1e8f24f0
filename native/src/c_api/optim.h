// What is behind neuralode_optimizer and neuralode_grad_scaler.
#pragma once

#include "c_api/handles.h"
#include "neuralode/optim.h"
#include "optim/grad_scaler.h"

struct neuralode_optimizer_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::optimizer;
  std::unique_ptr<torch::optim::Optimizer> value;
};
struct neuralode_grad_scaler_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::grad_scaler;
  explicit neuralode_grad_scaler_t(const neuralode::GradScalerOptions& options) : value(options) {}
  neuralode::GradScaler value;
};
