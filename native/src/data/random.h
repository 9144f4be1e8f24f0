// Random numbers that are the same on every machine and for every number of threads.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace neuralode::data {

/// A counter-based generator: value k of a key is splitmix64's mix of key + k * golden ratio (Steele et al. 2014).
/// Keyed by what the numbers are for, e.g. (seed, epoch, image), never shared between threads.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t first = 0, std::uint64_t second = 0)
      : state_(mix(mix(mix(seed + kGolden) ^ first) + kGolden * (second + 1))) {}

  /// Uniform over all 64-bit values.
  std::uint64_t bits() { return mix(state_ += kGolden); }

  /// Uniform in [low, high).
  double uniform(double low = 0.0, double high = 1.0) { return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1.0p-53); }

  /// Uniform in {0, ..., count - 1}, without bias; count: 1 or more.
  std::uint64_t below(std::uint64_t count) {
    const std::uint64_t unfair = (0 - count) % count;  // 2^64 mod count: the lowest values that would come up once too often
    for (;;) {
      const std::uint64_t value = bits();
      if (value >= unfair) return value % count;
    }
  }

  bool coin() { return (bits() >> 63) != 0; }

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;

  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }

  std::uint64_t state_;
};

/// Fisher-Yates; std::shuffle gives another order with another standard library.
template <class Value>
void shuffle(std::vector<Value>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

}  // namespace neuralode::data
