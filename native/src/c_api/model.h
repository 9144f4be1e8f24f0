// What is behind neuralode_model.
#pragma once

#include "c_api/handles.h"
#include "models/image_model.h"
#include "neuralode/model.h"

struct neuralode_model_t {
  static constexpr auto kind = neuralode::c_api::HandleKind::model;
  std::shared_ptr<neuralode::ImageModel> value;
};
