#include "gradients/cuda/recorder.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include "gradients/cuda/recording_pool.h"

namespace neuralode::cuda {

namespace {

/// Does what a recording that failed leaves undone, which may have been any part of it.
template <class Action>
void if_it_can(const Action& action) {
  try {
    action();
  } catch (const std::exception&) {  // it was done, or had not begun
  }
  cudaGetLastError();  // and no later call is to find an error of the recording
}

void begin(at::cuda::CUDAGraph& graph, Pool pool) {
  // Thread local: other threads of the program, such as those that load data, may go on allocating.
  graph.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
}

/// libtorch ends a recording part by part, of which the first throws where the recording is spoilt: the allocators' and the generator's
/// would be left as if it went on. Where the recording is sound, and only what was recorded threw, the graph has its pool and gives it
/// back. On the stream of the recording.
void abandon(at::cuda::CUDAGraph& graph, Pool pool, c10::DeviceIndex device) {
  if_it_can([&] { graph.capture_end(); });
  if_it_can([&] { close_pools(device, pool); });
  if_it_can([&] {  // the generator leaves its recording at the end of one that succeeds
    at::cuda::CUDAGraph empty;
    begin(empty, at::cuda::graph_pool_handle());
    at::zeros({1}, at::TensorOptions().device(at::Device(at::kCUDA, device)));
    empty.capture_end();
  });
  at::autocast::clear_cache();
}

}  // namespace

std::unique_ptr<at::cuda::CUDAGraph> record(const std::function<void()>& body) {
  auto graph = std::make_unique<at::cuda::CUDAGraph>();
  const auto pool = at::cuda::graph_pool_handle();
  const auto outside = c10::cuda::getCurrentCUDAStream();
  const auto side = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, outside.device_index());
  at::cuda::CUDAEvent ready, done;
  ready.record(outside);
  ready.block(side);
  {
    const c10::cuda::CUDAStreamGuard on_side(side);  // the default stream cannot be recorded
    try {
      begin(*graph, pool);
      body();
      graph->capture_end();
    } catch (...) {
      abandon(*graph, pool, outside.device_index());
      throw;
    }
  }
  done.record(side);
  done.block(outside);
  return graph;
}

Order::Use::Use(Order& order, const TensorList& inputs) : order_(order) {
  const auto stream = c10::cuda::getCurrentCUDAStream();
  if (order_.used_.isCreated()) order_.used_.block(stream);
  for (const auto& input : inputs)
    if (input.defined()) input.record_stream(stream.unwrap());  // they may have been made on another
}

Order::Use::~Use() {
  try {
    order_.used_.record(c10::cuda::getCurrentCUDAStream());
  } catch (const std::exception&) {  // an error of the GPU, which the next call that can throw will meet
  }
}

}  // namespace neuralode::cuda
