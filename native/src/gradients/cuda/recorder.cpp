#include "gradients/cuda/recorder.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include "tensors/compat.h"

namespace neuralode::cuda {

Recorder::Recorder() : pool_(at::cuda::graph_pool_handle()) {}

std::unique_ptr<at::cuda::CUDAGraph> Recorder::record(const std::function<void()>& body) {
  auto graph = std::make_unique<at::cuda::CUDAGraph>();
  const auto outside = c10::cuda::getCurrentCUDAStream();
  const auto side = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, outside.device_index());
  at::cuda::CUDAEvent ready, done;
  ready.record(outside);
  ready.block(side);
  {
    const c10::cuda::CUDAStreamGuard on_side(side);  // the default stream cannot be recorded
    // Other threads of the program, such as those that load data, may go on allocating.
#if NEURALODE_TORCH_AT_LEAST(2, 1)
    graph->capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
#else
    graph->capture_begin(pool_);
#endif
    try {
      body();
    } catch (...) {
      try {
        graph->capture_end();
      } catch (const c10::Error&) {  // the recording is spoilt, which `body` has told
      }
      cudaGetLastError();  // and no later call is to find it
      throw;
    }
    graph->capture_end();
  }
  done.record(side);
  done.block(outside);
  return graph;
}

Recorder::Use::Use(Recorder& recorder) : recorder_(recorder) {
  if (recorder_.used_.isCreated()) recorder_.used_.block(c10::cuda::getCurrentCUDAStream());
}

Recorder::Use::~Use() {
  try {
    recorder_.used_.record(c10::cuda::getCurrentCUDAStream());
  } catch (const c10::Error&) {  // an error of the GPU, which the next call that can throw will meet
  }
}

}  // namespace neuralode::cuda
