// Recording what a piece of code queues on a GPU, and replaying it.
#pragma once

#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>

#include <functional>
#include <memory>

#include "tensors/tensor_list.h"

namespace neuralode::cuda {

/// Records what `body` queues on the current device; nothing of it is executed. Tensors that it makes live in a memory pool of the graph's
/// own, and stay where they are as long as it lives. Throws what body throws, and c10::Error where it does what cannot be recorded;
/// libtorch is then as it was before, but for an empty autocast cache: casts that were recorded were never made.
std::unique_ptr<at::cuda::CUDAGraph> record(const std::function<void()>& body);

/// One use after the other of graphs that share tensors, whatever streams they are on.
class Order {
 public:
  /// Around the use of a graph's inputs, the graph and its outputs on the current stream: waits for the use before. inputs: those of the
  /// graph.
  class Use {
   public:
    Use(Order& order, const TensorList& inputs);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Order& order_;
  };

 private:
  at::cuda::CUDAEvent used_;
};

}  // namespace neuralode::cuda
