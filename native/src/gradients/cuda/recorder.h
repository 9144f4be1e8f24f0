// Recording what a piece of code queues on a GPU, and replaying it.
#pragma once

#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>

#include <functional>
#include <memory>

namespace neuralode::cuda {

/// One memory pool, and one order of use, for graphs that must not run at the same time.
class Recorder {
 public:
  Recorder();

  /// Records what `body` queues on the current device; nothing of it is executed. Tensors that it makes live in the pool: their memory
  /// stays where it is as long as the graph. Throws what body throws, and c10::Error where it does what cannot be recorded.
  std::unique_ptr<at::cuda::CUDAGraph> record(const std::function<void()>& body);

  /// Around the use of a graph's inputs, the graph and its outputs on the current stream: waits for the use before.
  class Use {
   public:
    explicit Use(Recorder& recorder);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Recorder& recorder_;
  };

 private:
  at::cuda::MempoolId_t pool_;
  at::cuda::CUDAEvent used_;
};

}  // namespace neuralode::cuda
