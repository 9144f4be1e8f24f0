// Arrays of lattice numbers for the kernel tests, and the comparison to the bit.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "kernels/arrays.h"

namespace neuralode::kernels::testing {

/// A number of 1 to `bits` bits, of either sign; all lengths are as likely.
inline std::int64_t any_integer(std::mt19937_64& bits, int most_bits) {
  const auto length = static_cast<int>(bits() % static_cast<unsigned>(most_bits)) + 1;
  const auto size = static_cast<std::int64_t>(bits() >> (64 - length));
  return bits() % 2 == 0 ? size : -size;
}

/// `count` numbers of up to `most_bits` bits, all 0 for 0 bits; the first `shift` elements behind the start of their memory.
class Integers {
 public:
  explicit Integers(std::int64_t count, unsigned seed = 0, int most_bits = 0, std::size_t shift = 0)
      : memory_(static_cast<std::size_t>(count) + shift), shift_(shift) {
    std::mt19937_64 bits(seed);
    if (most_bits > 0)
      for (auto& element : memory_) element = any_integer(bits, most_bits);
  }
  std::int64_t* data() { return memory_.data() + shift_; }
  const std::int64_t* data() const { return memory_.data() + shift_; }
  std::int64_t count() const { return static_cast<std::int64_t>(memory_.size() - shift_); }
  std::int64_t& operator[](std::int64_t i) { return data()[i]; }
  std::int64_t operator[](std::int64_t i) const { return data()[i]; }

 private:
  std::vector<std::int64_t> memory_;
  std::size_t shift_;
};

/// Whether two arrays of one kind and count hold the same bits.
template <class Numbers>
bool same_bits(const Numbers& a, const Numbers& b) {
  return a.count() == 0 || std::memcmp(a.data(), b.data(), sizeof(*a.data()) * static_cast<std::size_t>(a.count())) == 0;
}

/// Elements whose bits are not those of what expected(i) gives, converted to the element type.
template <class Scalar, class Expected>
std::int64_t mismatches(const Array<Scalar>& actual, const Expected& expected) {
  std::int64_t number = 0;
  for (std::int64_t i = 0; i < actual.count(); ++i) {
    Scalar wanted;
    store(wanted, static_cast<Compute<Scalar>>(expected(i)));
    number += std::memcmp(actual.data() + i, &wanted, sizeof wanted) != 0;
  }
  return number;
}
template <class Expected>
std::int64_t mismatches(const Integers& actual, const Expected& expected) {
  std::int64_t number = 0;
  for (std::int64_t i = 0; i < actual.count(); ++i) number += actual[i] != expected(i);
  return number;
}

}  // namespace neuralode::kernels::testing
