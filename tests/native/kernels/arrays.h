// Arrays for the kernel tests: fixed-seed values of every element type, at any distance from an aligned address.
#pragma once

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/scalar.h"

namespace neuralode::kernels::testing {

template <class Scalar>
Scalar made(double value) {
  Scalar result;
  store(result, static_cast<Compute<Scalar>>(value));
  return result;
}

/// `count` values in [-1, 1], the first `shift` elements behind the start of their memory.
template <class Scalar>
class Array {
 public:
  explicit Array(std::int64_t count, unsigned seed = 0, std::size_t shift = 0)
      : memory_(static_cast<std::size_t>(count) + shift), shift_(shift) {
    std::minstd_rand bits(seed + 1);
    for (auto& element : memory_) element = made<Scalar>(2 * double(bits()) / double(std::minstd_rand::max()) - 1);
  }
  Scalar* data() { return memory_.data() + shift_; }
  const Scalar* data() const { return memory_.data() + shift_; }
  std::int64_t count() const { return static_cast<std::int64_t>(memory_.size() - shift_); }
  double operator[](std::int64_t i) const { return double(load(data()[i])); }
  void set(std::int64_t i, double value) { data()[i] = made<Scalar>(value); }

 private:
  std::vector<Scalar> memory_;
  std::size_t shift_;
};

/// Largest error that `roundings` operations on values up to `size` make, and for half types the one of storing the result.
template <class Scalar>
double tolerance(double size, int roundings) {
  const double computed = roundings * size * double(std::numeric_limits<Compute<Scalar>>::epsilon()) / 2;
  if (std::is_same_v<Scalar, BFloat16>) return computed + size / 256;  // 8 bits of significand: half a unit is 2^-8
  return std::is_same_v<Scalar, Float16> ? computed + size / 2048 : computed;
}

/// max over i of |actual[i] - expected(i)|; infinite where a NaN is met.
template <class Scalar, class Expected>
double largest_error(const Array<Scalar>& actual, const Expected& expected) {
  double largest = 0;
  for (std::int64_t i = 0; i < actual.count(); ++i) {
    const double error = std::fabs(actual[i] - expected(i));
    if (!(error <= largest)) largest = std::isnan(error) ? INFINITY : error;
  }
  return largest;
}

}  // namespace neuralode::kernels::testing
