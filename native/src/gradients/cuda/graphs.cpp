#include "gradients/graphs.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>

#include <atomic>
#include <map>
#include <mutex>

#include "core/error.h"
#include "gradients/cuda/graph_key.h"
#include "gradients/cuda/recorded_sweeps.h"
#include "gradients/cuda/recorder.h"
#include "solvers/sweeps.h"

namespace neuralode {

namespace {

/// Eager runs before one is recorded.
constexpr int warm_up = 2;
/// Kinds of solves of the same dynamics whose graphs are kept; the one unused for longest makes room.
constexpr std::size_t most_kinds = 8;

/// A sweep of one kind: how often it was seen, and its recording.
template <class Recording>
struct Take {
  int seen = 0;
  std::string refused;  ///< why it is not recorded
  std::unique_ptr<Recording> recording;
};

class Graphs final : public SweepGraphs {
 public:
  std::optional<ForwardResult> forward(Sweep& sweep) override {
    const Place place(sweep);
    auto& told = sweep.statistics->graph_forward;
    const Alone alone(busy_);
    if (!alone) return not_now(told, "another solve of the same is under way");
    const bool recorded = turn(forward_, sweep, told, [&] { return cuda::record_forward(sweep); });
    if (!forward_.recording) return std::nullopt;
    const cuda::Order::Use use(order_, forward_.recording->z0);
    auto result = cuda::replay_forward(*forward_.recording, sweep);
    if (!result) return not_now(told, "something is not finite: made step by step");
    told = recorded ? "recorded" : "replayed";
    return result;
  }

  void saw_forward(Sweep& sweep) override {
    const Alone alone(busy_);
    if (!alone) return;
    ++forward_.seen;
    if (sweep.random.drew()) forward_.refused = "f draws random numbers";
    if (!sweep.snapshots.empty()) forward_.refused = "states are kept; set snapshots to none";
    if (!forward_.refused.empty()) sweep.statistics->graph_forward = sweep.statistics->graph_backward = forward_.refused;
    require_if_asked(sweep, forward_.refused);
  }

  std::optional<ReverseResult> reverse(Sweep& sweep, const SolverState& end, const TensorList& cotangents) override {
    const Place place(sweep);
    auto& told = sweep.statistics->graph_backward;
    const Alone alone(busy_);
    if (!alone) return not_now(told, "another solve of the same is under way");
    if (!forward_.refused.empty() || sweep.random.drew() || !sweep.snapshots.empty()) return not_now(told, forward_.refused);
    for (const auto& z0 : sweep.z0)
      if (!z0.unchanged()) return not_now(told, "z0 was changed in place since the solve");
    const bool recorded = turn(reverse_, sweep, told, [&] { return cuda::record_reverse(sweep, end, cotangents); });
    if (!reverse_.recording) return std::nullopt;
    if (!cuda::fits(*reverse_.recording, cotangents)) return not_now(told, "cotangents of other outputs are given than were recorded");
    const cuda::Order::Use use(order_, reverse_.recording->inputs());
    auto result = cuda::replay_reverse(*reverse_.recording, sweep, end, cotangents);
    if (!result) {
      reverse_.refused = forward_.refused = "the states drift, and what mends it is made step by step; reverse exactly, or set snapshots";
      reverse_.recording = nullptr;
      forward_.recording = nullptr;
      return not_now(told, reverse_.refused);
    }
    told = recorded ? "recorded" : "replayed";
    return result;
  }

 private:
  /// Where a recording belongs: on the state's GPU, with tensors that later solves may write to.
  class Place {
   public:
    explicit Place(const Sweep& sweep) : device_(sweep.z0[0].value().device()) {}

   private:
    c10::cuda::CUDAGuard device_;
    c10::InferenceMode no_inference_{false};
  };

  /// Who is at it. Not a mutex: libtorch's engine may come back on the same thread.
  class Alone {
   public:
    explicit Alone(std::atomic<bool>& busy) : busy_(busy), first_(!busy.exchange(true)) {}
    ~Alone() {
      if (first_) busy_ = false;
    }
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;
    explicit operator bool() const { return first_; }

   private:
    std::atomic<bool>& busy_;
    bool first_;
  };

  static std::nullopt_t not_now(std::string& told, const std::string& why) {
    told = why;
    return std::nullopt;
  }

  static void require_if_asked(const Sweep& sweep, const std::string& refused) {
    if (!refused.empty() && sweep.options.graphs == GraphKind::required) fail(Status::unsupported, "graphs: required, but ", refused);
  }

  /// Records where it is the sweep's turn; whether it did.
  template <class Recording, class Record>
  static bool turn(Take<Recording>& take, const Sweep& sweep, std::string& told, const Record& record) {
    if (take.recording) return false;
    if (take.refused.empty() && take.seen >= warm_up) {
      try {
        take.recording = record();
        return true;
      } catch (const std::exception& error) {  // f waits for the GPU, say
        const auto* own = dynamic_cast<const Error*>(&error);
        if (own != nullptr && own->status() != Status::runtime_error) throw;
        take.refused = std::string("recording failed: ") + error.what();
        require_if_asked(sweep, take.refused);
      }
    }
    if constexpr (std::is_same_v<Recording, cuda::RecordedReverse>) ++take.seen;
    told = !take.refused.empty() ? take.refused : "made step by step before it is recorded";
    return false;
  }

  cuda::Order order_;
  std::atomic<bool> busy_{false};
  Take<cuda::RecordedForward> forward_;
  Take<cuda::RecordedReverse> reverse_;
};

/// What dynamics keep: the graphs of each kind of solve.
struct Kinds {
  std::mutex mutex;
  struct Kind {
    std::shared_ptr<Graphs> graphs;
    std::int64_t last_use;
  };
  std::map<std::string, Kind> kinds;
  std::int64_t uses = 0;

  std::shared_ptr<Graphs> of(std::string key) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = kinds.find(key);
    if (found == kinds.end() && kinds.size() >= most_kinds) {
      auto oldest = kinds.begin();
      for (auto kind = kinds.begin(); kind != kinds.end(); ++kind)
        if (kind->second.last_use < oldest->second.last_use) oldest = kind;
      kinds.erase(oldest);
    }
    auto& kind = kinds[std::move(key)];
    if (!kind.graphs) kind.graphs = std::make_shared<Graphs>();
    kind.last_use = ++uses;
    return kind.graphs;
  }
};

}  // namespace

std::shared_ptr<SweepGraphs> cuda_graphs_for(Sweep& sweep) {
  static std::mutex mutex;
  std::shared_ptr<Kinds> kinds;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    auto& kept = sweep.dynamics->kept_between_solves();
    if (!kept) kept = std::make_shared<Kinds>();
    kinds = std::static_pointer_cast<Kinds>(kept);
  }
  return kinds->of(cuda::graph_key(sweep));
}

}  // namespace neuralode
