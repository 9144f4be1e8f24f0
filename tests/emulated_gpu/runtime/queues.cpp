#include "queues.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace emulated {

namespace {

// Reached from destructors of static objects, so never destroyed themselves.
template <class T>
T& kept() {
  static auto* value = new T;
  return *value;
}

struct AllStreams {
  std::vector<std::unique_ptr<Stream>> streams;
};

thread_local cudaError_t last_error = cudaSuccess;

}  // namespace

std::recursive_mutex& everything() { return kept<std::recursive_mutex>(); }
std::set<Capture*>& captures() { return kept<std::set<Capture*>>(); }

Counts& counts() {
  static Counts counts;
  return counts;
}
Counts::~Counts() {
  if (std::getenv("NEURALODE_EMULATED_STATISTICS") != nullptr)
    std::fprintf(stderr, "emulated GPU: %ld pieces of work queued, %ld graphs replayed, waited for %ld times\n", pieces, replays, waits);
}

Stream& default_stream() { return kept<Stream>(); }

Stream& stream_of(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy || handle == cudaStreamPerThread) return default_stream();
  return *reinterpret_cast<Stream*>(handle);
}

Stream& new_stream(bool ordered_with_default) {
  auto& all = kept<AllStreams>().streams;
  all.push_back(std::make_unique<Stream>());
  all.back()->ordered_with_default = ordered_with_default;
  return *all.back();
}

bool lazy() {
  static const bool set = std::getenv("NEURALODE_EMULATED_LAZY") != nullptr;
  return set;
}

void finish(Stream& stream, unsigned long long pieces) {
  while (stream.done < pieces && !stream.waiting.empty()) {
    const auto work = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    ++stream.done;  // before: the work may look at its own stream
    work();
  }
}
void finish(Stream& stream) { finish(stream, stream.queued); }
void finish_all() {
  finish(default_stream());
  const auto& all = kept<AllStreams>().streams;
  for (std::size_t i = 0; i < all.size(); ++i) finish(*all[i]);
}

cudaError_t queue(Stream& stream, Work work) {
  ++counts().pieces;
  if (auto* capture = stream.capture) {
    if (capture->spoilt) return cudaErrorStreamCaptureInvalidated;
    capture->graph->nodes.push_back(std::move(work));
    ++stream.captured;
    stream.joined = &stream == capture->origin;
    return cudaSuccess;
  }
  if (&stream == &default_stream()) {
    for (const auto& other : kept<AllStreams>().streams)
      if (other->ordered_with_default) finish(*other);
  } else if (stream.ordered_with_default) {
    finish(default_stream());
  }
  ++stream.queued;
  stream.waiting.push_back(std::move(work));
  if (!lazy()) finish(stream);
  return cudaSuccess;
}

cudaStreamCaptureMode& thread_mode() {
  thread_local cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  return mode;
}

bool forbidden() {
  if (thread_mode() == cudaStreamCaptureModeRelaxed) return false;
  bool any = false;
  for (auto* capture : captures()) {
    const bool own = capture->mode != cudaStreamCaptureModeRelaxed && capture->thread == std::this_thread::get_id();
    const bool all = capture->mode == cudaStreamCaptureModeGlobal && thread_mode() == cudaStreamCaptureModeGlobal;
    if (own || all) any = capture->spoilt = true;
  }
  return any;
}

cudaError_t told(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

extern "C" {

cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return last_error; }

/// For kernels and operators, which are emulated elsewhere.
void neuralode_emulated_queue(cudaStream_t stream, const Work* work) {
  const Lock lock(everything());
  told(queue(stream_of(stream), *work));
}
/// How often the host waited so far.
long neuralode_emulated_waits() {
  const Lock lock(everything());
  return counts().waits;
}
/// 0: done at once; 1: left for later; 2: captured.
int neuralode_emulated_mode(cudaStream_t stream) {
  const Lock lock(everything());
  return stream_of(stream).capture != nullptr ? 2 : lazy() ? 1 : 0;
}
}

}  // namespace emulated
