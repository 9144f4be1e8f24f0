// What the interpreter of tests/fuzz/abi_calls.cpp works on: the input as a source of arguments, and the handles made so far.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../input.h"

namespace neuralode::fuzz {

/// The input, byte after byte; zeros after its end.
class Source {
 public:
  Source(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}
  bool ended() const { return next_ == end_; }
  std::uint8_t byte() { return ended() ? 0 : *next_++; }
  /// 0 .. count - 1.
  std::size_t below(std::size_t count) { return byte() % count; }
  /// True once in `in`, for an input of random bytes; false at its end.
  bool rarely(std::size_t in) { return byte() % in == in - 1; }
  template <class Value, std::size_t count>
  Value any(const Value (&values)[count]) {
    return values[below(count)];
  }

  /// Small ones, and those at the edges.
  std::int64_t integer();
  double real();
  /// Values of an enum and of its neighbourhood.
  std::int32_t choice(std::int32_t last) {
    const auto within = static_cast<std::int32_t>(below(static_cast<std::size_t>(last) + 1));
    return !rarely(16) ? within : within % 2 == 0 ? -1 - within : last + within;
  }
  std::int32_t flag() { return rarely(16) ? static_cast<std::int32_t>(integer()) : byte() % 2; }
  /// `size`, or another one.
  std::uint32_t struct_size(std::size_t size);
  const char* text();
  const char* device();
  std::int32_t dtype();

 private:
  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

enum Kind { kMap, kDynamics, kSolution, kObserver, kModel, kOptimizer, kCheckpoint, kFolder, kLoader, kScaler, kKinds };

class World;

/// What a callback is given, and what became of it.
struct User {
  World* world;
  std::uint8_t behaviour;
  neuralode_tensor parameter;
  bool counted = false;  ///< its release must be called
  int releases = 0;
};

class World {
 public:
  World(const std::uint8_t* data, std::size_t size);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Source in;
  int depth = 0;   ///< of calls inside callbacks
  int budget = 0;  ///< callbacks that are still answered

  /// A handle for an argument of `kind`: mostly live, else NULL, destroyed, of another kind, or made up.
  template <class Handle>
  Handle any(Kind kind) {
    return reinterpret_cast<Handle>(drawn(kind));
  }
  /// Forgotten as live, for a destroy function.
  template <class Handle>
  Handle any_to_destroy(Kind kind) {
    auto* handle = drawn(kind);
    retire(kind, handle);
    return reinterpret_cast<Handle>(handle);
  }
  /// Live, NULL, of another kind, or of no tensor's alignment. A tensor's handle is an address: a destroyed one is not given.
  neuralode_tensor tensor();
  /// Mostly one of the states of the beginning, or one of their times.
  neuralode_tensor state() { return in.rarely(8) ? tensor() : at_first(2, 5); }
  neuralode_tensor image() { return at_first(9, 1); }
  neuralode_tensor time(std::size_t which) { return in.rarely(8) ? tensor() : at_first(which, 1); }
  /// Taken out of the live ones.
  neuralode_tensor tensor_to_destroy();
  /// 0 to 3 of them, mostly one.
  std::vector<neuralode_tensor> tensors();
  std::vector<neuralode_tensor> states();

  /// For an output: `made` is set by the call that returned `status`, which may be an argument before it.
  template <class Handle>
  void keep(Kind kind, neuralode_status status, const Handle& made) {
    if (succeeded(status)) {
      expect(made != nullptr, "a success without a handle");
      live_[kind].push_back(made);
    } else {
      expect(made == nullptr, "an output of a failed call was written");
    }
  }
  void keep_tensor(neuralode_status status, const neuralode_tensor& made);
  void keep_managed(void* managed) { managed_.push_back(managed); }
  void* managed();
  void forget_managed(void* managed);

  /// For a call that takes callbacks; lives as long as the world.
  User* user();
  std::string path();
  std::string folder() const;

 private:
  void* drawn(Kind kind);
  /// One that works, where none is live.
  void make(Kind kind);
  /// Of the `count` tensors from `first` that the world began with.
  neuralode_tensor at_first(std::size_t first, std::size_t count) {
    const auto index = first + in.below(count);
    return index < tensors_.size() ? tensors_[index] : nullptr;
  }
  void retire(Kind kind, void* handle);
  void destroy_all();

  std::vector<void*> live_[kKinds], gone_[kKinds];
  std::vector<neuralode_tensor> tensors_;
  std::vector<void*> managed_;
  std::vector<std::unique_ptr<User>> users_;
};

/// A function of the ABI, called once with arguments of the world's choice.
struct Call {
  const char* name;
  void (*run)(World& world);
};
using Calls = std::vector<Call>;

/// neuralode_observer_create with a callback that does nothing.
neuralode_observer idle_observer();

Calls status_calls();
Calls tensor_calls();
Calls autograd_calls();
Calls dynamics_calls();
Calls solve_calls();
Calls model_calls();
Calls data_calls();

neuralode_status eval(void* user, neuralode_tensor t, const neuralode_tensor* z, int64_t count, neuralode_tensor* out_u);
/// Options of a solve that ends soon. whole: with every field, so that max_steps is among them.
neuralode_solve_options solve_options(World& world, bool whole);

/// One of the calls, chosen and fed by the input.
void call_one(World& world);

neuralode_status destroy(Kind kind, void* handle);

}  // namespace neuralode::fuzz
