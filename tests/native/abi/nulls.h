// Calls with one pointer argument NULL, by "function.argument". One file a header; null_test.cpp runs them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "objects.h"

namespace neuralode::abi {

/// u = z.
neuralode_status identity(void* user, neuralode_tensor t, const neuralode_tensor* z, int64_t count, neuralode_tensor* out_u);

/// A neuralode_step_callback that does nothing.
neuralode_status no_stop(void* user, int64_t number, double t, double h, const neuralode_tensor* z, int64_t count, int32_t* out_stop);

/// Something of every kind, so that the argument that is NULL is the only thing wrong.
struct World {
  explicit World(const std::string& folder);
  Tensor z, t, w;  ///< (2,); a scalar; (1,) with requires_grad
  TensorMap map;
  Dynamics dynamics;
  Solution solution;
  Owned<neuralode_observer, neuralode_observer_destroy> observer;
  Model model;
  Optimizer optimizer;
  Owned<neuralode_grad_scaler, neuralode_grad_scaler_destroy> scaler;
  Checkpoint checkpoint;
  Owned<neuralode_image_folder, neuralode_image_folder_destroy> images;
  Owned<neuralode_loader, neuralode_loader_destroy> loader;
};

using NullCalls = std::map<std::string, std::function<neuralode_status()>>;

NullCalls tensor_nulls(World& w);
NullCalls tensor_map_nulls(World& w);
NullCalls solve_nulls(World& w);
NullCalls model_nulls(World& w);
NullCalls data_nulls(World& w);

}  // namespace neuralode::abi
