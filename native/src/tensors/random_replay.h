// Dropout and other random draws of f: the same in the reverse sweep as in the forward one, in memory that does not grow.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace neuralode {

/// Watches libtorch's default generator of one device during the evaluations of a forward sweep.
///
/// As long as f draws nothing, nothing is done. The state before the first evaluation that drew is kept; every later evaluation
/// is preceded by a seed made of its number and one 64-bit base, so that it can be replayed alone and in any order.
class RandomReplay {
 public:
  explicit RandomReplay(c10::Device device);
  /// One that watches nothing, for an f that is known to draw nothing.
  static RandomReplay silent(c10::Device device);
  /// Whether f drew in the forward sweep.
  bool drew() const { return first_random_ >= 0; }

  /// Before evaluation number `index` (0, 1, ...) of the forward sweep.
  void before(std::int64_t index);
  /// After it.
  void after(std::int64_t index);
  /// At the end of the forward sweep: later draws of the program go on from a state that no evaluation used.
  void finish();

  /// Where the generator stands, and a new forward sweep from there.
  at::Generator position();
  void begin_again(const at::Generator& position);

  /// Puts the generator where it was before evaluation `index`. Only inside a Scope.
  void replay(std::int64_t index);

  /// Keeps the generator of the program untouched by a reverse sweep.
  class Scope {
   public:
    explicit Scope(RandomReplay& replay);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    RandomReplay& replay_;
    at::Tensor outside_;
  };

 private:
  bool moved_since(const at::Generator& earlier) const;
  void seed_for(std::int64_t index);

  at::Generator generator_;
  at::Generator before_;  // copy from before the current evaluation; once f drew, from before the first that drew
  at::Generator resume_;  // copy from after the first evaluation that drew
  std::int64_t first_random_ = -1;
  bool silent_ = false;
  std::uint64_t base_ = 0;
};

}  // namespace neuralode
