// Captures of streams, and graphs.
#include <utility>

#include "queues.h"

namespace emulated {

namespace {

Graph* graph_of(cudaGraph_t handle) { return reinterpret_cast<Graph*>(handle); }
Graph* graph_of(cudaGraphExec_t handle) { return reinterpret_cast<Graph*>(handle); }

}  // namespace

extern "C" {

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, thread_mode());
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  const Lock lock(everything());
  const auto* capture = stream_of(stream).capture;
  *status = capture == nullptr ? cudaStreamCaptureStatusNone
            : capture->spoilt  ? cudaStreamCaptureStatusInvalidated
                               : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

cudaError_t cudaStreamGetCaptureInfo_v2(cudaStream_t stream, cudaStreamCaptureStatus* status, unsigned long long* id, cudaGraph_t* graph,
                                        const cudaGraphNode_t**, size_t* dependences) {
  const Lock lock(everything());
  const auto* capture = stream_of(stream).capture;
  cudaStreamIsCapturing(stream, status);
  if (id != nullptr) *id = capture != nullptr ? capture->id : 0;
  if (graph != nullptr) *graph = capture != nullptr ? reinterpret_cast<cudaGraph_t>(capture->graph.get()) : nullptr;
  if (dependences != nullptr) *dependences = 0;
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  const Lock lock(everything());
  auto& stream = stream_of(handle);
  if (&stream == &default_stream()) return told(cudaErrorStreamCaptureUnsupported);
  if (stream.capture != nullptr) return told(cudaErrorIllegalState);
  static unsigned long long ids = 0;
  stream.capture = new Capture{std::make_unique<Graph>(), &stream, mode, ++ids, std::this_thread::get_id(), {&stream}};
  stream.captured = 0;
  captures().insert(stream.capture);
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  const Lock lock(everything());
  auto& stream = stream_of(handle);
  auto* capture = stream.capture;
  *graph = nullptr;
  if (capture == nullptr) return told(cudaErrorIllegalState);
  if (capture->origin != &stream) return told(cudaErrorStreamCaptureUnmatched);
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id())
    return told(cudaErrorStreamCaptureWrongThread);
  bool joined = true;
  for (auto* other : capture->streams) {
    joined = joined && (other == &stream || other->joined);
    other->capture = nullptr;
    other->joined = true;
  }
  captures().erase(capture);
  const std::unique_ptr<Capture> ended(capture);
  if (ended->spoilt) return told(cudaErrorStreamCaptureInvalidated);
  if (!joined) return told(cudaErrorStreamCaptureUnjoined);
  *graph = reinterpret_cast<cudaGraph_t>(ended->graph.release());
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t*, size_t* count) {
  *count = graph_of(graph)->nodes.size();
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = reinterpret_cast<cudaGraphExec_t>(new Graph(*graph_of(graph)));
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long flags) {
  return cudaGraphInstantiateWithFlags(executable, graph, flags);
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  const Lock lock(everything());
  ++counts().replays;
  return told(queue(stream_of(stream), [nodes = graph_of(executable)->nodes] {
    for (const auto& node : nodes) node();
  }));
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete graph_of(executable);
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph_of(graph);
  return cudaSuccess;
}
cudaError_t cudaGraphDebugDotPrint(cudaGraph_t, const char*, unsigned) { return told(cudaErrorNotSupported); }
}

}  // namespace emulated
