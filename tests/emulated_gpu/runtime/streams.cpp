// Streams and events.
#include <algorithm>
#include <chrono>

#include "queues.h"

namespace emulated {

namespace {

struct Event {
  Stream* stream = nullptr;
  unsigned long long pieces = 0;   ///< of the stream, or of its capture
  unsigned long long capture = 0;  ///< its number, 0: none
  std::chrono::steady_clock::time_point time;
};

Event& event_of(cudaEvent_t handle) { return *reinterpret_cast<Event*>(handle); }

cudaError_t spoil(Capture* capture, cudaError_t error) {
  capture->spoilt = true;
  return told(error);
}

/// That the event was recorded in, while it is under way.
Capture* capture_of(const Event& event) {
  for (auto* capture : captures())
    if (capture->id == event.capture) return capture;
  return nullptr;
}

/// `stream` waits for an event of a capture: it is captured too from then on.
cudaError_t join(Stream& stream, const Event& event) {
  auto* capture = capture_of(event);
  if (capture == nullptr) return told(cudaErrorCapturedEvent);
  if (&stream == &default_stream()) return spoil(capture, cudaErrorStreamCaptureImplicit);
  if (stream.capture != nullptr && stream.capture != capture) {
    stream.capture->spoilt = true;
    return spoil(capture, cudaErrorStreamCaptureMerge);
  }
  if (stream.capture == nullptr) {
    stream.capture = capture;
    stream.captured = 0;
    stream.joined = false;
    capture->streams.insert(&stream);
  }
  if (&stream == capture->origin && event.pieces == event.stream->captured) event.stream->joined = true;
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  const Lock lock(everything());
  *stream = reinterpret_cast<cudaStream_t>(&new_stream((flags & cudaStreamNonBlocking) == 0));
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, cudaStreamDefault); }
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int) { return cudaStreamCreateWithFlags(stream, flags); }

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Lock lock(everything());
  finish(stream_of(stream));
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  const Lock lock(everything());
  auto& stream = stream_of(handle);
  ++counts().waits;
  if (stream.capture != nullptr) return spoil(stream.capture, cudaErrorStreamCaptureUnsupported);
  if (forbidden()) return told(cudaErrorStreamCaptureUnsupported);
  finish(stream);
  return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  const Lock lock(everything());
  auto& stream = stream_of(handle);
  if (stream.capture != nullptr) return spoil(stream.capture, cudaErrorStreamCaptureUnsupported);
  if (forbidden()) return told(cudaErrorStreamCaptureUnsupported);
  finish(stream, stream.done + 1);  // whoever asks again and again gets there
  return stream.done == stream.queued ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaDeviceSynchronize() {
  const Lock lock(everything());
  ++counts().waits;
  if (forbidden()) return told(cudaErrorStreamCaptureUnsupported);
  finish_all();
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = reinterpret_cast<cudaEvent_t>(new Event);
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete &event_of(event);
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t on) {
  const Lock lock(everything());
  auto& stream = stream_of(on);
  auto* capture = stream.capture;
  event_of(handle) = {&stream, capture != nullptr ? stream.captured : stream.queued, capture != nullptr ? capture->id : 0,
                      std::chrono::steady_clock::now()};
  return capture != nullptr && capture->spoilt ? told(cudaErrorStreamCaptureInvalidated) : cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t waiting, cudaEvent_t handle, unsigned) {
  const Lock lock(everything());
  const auto& event = event_of(handle);
  auto& stream = stream_of(waiting);
  if (event.stream == nullptr) return cudaSuccess;
  if (event.capture != 0) return join(stream, event);
  if (stream.capture != nullptr) return spoil(stream.capture, cudaErrorStreamCaptureIsolation);
  return told(queue(stream, [source = event.stream, pieces = event.pieces] { finish(*source, pieces); }));
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
  const Lock lock(everything());
  const auto& event = event_of(handle);
  if (event.stream == nullptr) return cudaSuccess;
  if (event.capture != 0) return told(cudaErrorCapturedEvent);
  if (forbidden()) return told(cudaErrorStreamCaptureUnsupported);
  finish(*event.stream, std::min(event.pieces, event.stream->done + 1));
  return event.stream->done >= event.pieces ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  const Lock lock(everything());
  const auto& event = event_of(handle);
  ++counts().waits;
  if (event.stream == nullptr) return cudaSuccess;
  if (auto* capture = capture_of(event)) return spoil(capture, cudaErrorCapturedEvent);
  if (event.capture != 0) return told(cudaErrorCapturedEvent);
  if (forbidden()) return told(cudaErrorStreamCaptureUnsupported);
  finish(*event.stream, event.pieces);
  return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  *milliseconds = std::chrono::duration<float, std::milli>(event_of(end).time - event_of(begin).time).count();
  return cudaSuccess;
}
}

}  // namespace emulated
