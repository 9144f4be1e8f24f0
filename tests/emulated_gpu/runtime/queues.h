// The streams of the emulated GPU, whose memory is the host's. A stream is a queue of work; one that is captured collects its work in a
// graph. One lock guards everything, and work is done under it.
#pragma once

#include <cuda_runtime_api.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace emulated {

using Work = std::function<void()>;
using Lock = std::lock_guard<std::recursive_mutex>;

std::recursive_mutex& everything();

constexpr std::size_t device_bytes = std::size_t{8} << 30;

struct Graph {
  std::vector<Work> nodes;  ///< in the order in which they were queued, which is one that their dependences allow
};

struct Stream;

struct Capture {
  std::unique_ptr<Graph> graph;
  Stream* origin;
  cudaStreamCaptureMode mode;
  unsigned long long id;
  std::thread::id thread;
  std::set<Stream*> streams;
  bool spoilt = false;
};

struct Stream {
  bool ordered_with_default = true;
  std::deque<Work> waiting;
  unsigned long long queued = 0, done = 0;
  Capture* capture = nullptr;
  unsigned long long captured = 0;  ///< pieces of work since the capture began
  bool joined = true;               ///< whether the capture's origin waits for all of them
};

Stream& default_stream();
Stream& stream_of(cudaStream_t handle);
/// Never destroyed.
Stream& new_stream(bool ordered_with_default);

/// Does `work` at once, or, lazily, when somebody waits for it, or puts it into the graph that the stream is captured in.
cudaError_t queue(Stream& stream, Work work);
/// Does what waits in the stream, up to a number of pieces in all.
void finish(Stream& stream, unsigned long long pieces);
void finish(Stream& stream);
void finish_all();
/// Whether work is left until somebody waits for it (NEURALODE_EMULATED_LAZY): shows what reads results too early.
bool lazy();

std::set<Capture*>& captures();
/// Of the calling thread, as cudaThreadExchangeStreamCaptureMode sets it.
cudaStreamCaptureMode& thread_mode();
/// Whether a capture forbids the calling thread what could wait for the GPU or allocate; the capture is then spoilt.
bool forbidden();

/// What a call returns; errors are kept for cudaGetLastError.
cudaError_t told(cudaError_t error);

/// For NEURALODE_EMULATED_STATISTICS.
struct Counts {
  long pieces = 0, replays = 0, waits = 0;
  ~Counts();
};
Counts& counts();

}  // namespace emulated
