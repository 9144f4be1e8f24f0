// ALF in floating point: kernels/cpu/alf.h.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "solvers/alf_arithmetic.h"
#include "solvers/alf_kernels.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// Not negative; 0 / 0 is 0.
double relative(double distance, double size) { return size > 0 && std::isfinite(size) ? distance / size : distance; }

class FloatAlf final : public AlfArithmetic {
 public:
  FloatAlf(double eta, double span) : eta_(eta), span_(span) {}

  AlfState start(TensorList z0, const TensorList& v0) override {
    AlfState state{std::move(z0), {}};
    state.v = empty_like(state.z);
    for (std::size_t i = 0; i < v0.size(); ++i) state.v[i].copy_(v0[i]);  // f may return its input, or a tensor that it keeps
    return state;
  }

  AlfState room_after(const AlfState& state, bool keep) const override { return {empty_like(state.z), keep ? empty_like(state.v) : state.v}; }

  const TensorList& head(const AlfState& state, AlfState& next, double h) override {
    take_back(next.z);
    alf_head(state.z, state.v, next.z, h);
    return next.z;
  }

  StepResult tail(const AlfState& state, const TensorList& u, AlfState& next, double h) override {
    // z' takes the midpoint's place, unless f gave that tensor out or kept it.
    const auto midpoint = std::all_of(next.z.begin(), next.z.end(), owns_storage_alone) ? next.z : std::exchange(next.z, empty_like(next.z));
    return alf_tail(midpoint, state.v, u, next.z, next.v, h, eta_) ? StepResult::fine : StepResult::non_finite;
  }

  const TensorList& reverse_head(const AlfState& state, const TensorList& a_z, const TensorList& a_v, const TensorList& a_u, double h) override {
    if (k_.empty()) k_ = empty_like(state.z);
    take_back(k_);
    alf_reverse_head(state.z, state.v, a_z, a_v, k_, a_u, h, eta_);
    return k_;
  }

  StepResult reverse_tail(AlfState& state, const TensorList& u, const TensorList& g, const TensorList& a_z, const TensorList& a_v,
                          double h) override {
    // k_'s memory is free after the pullback unless f gave it out or kept it; state.z's is always ours.
    alf_reverse_tail(k_, state.v, u, g, state.z, state.v, a_z, a_v, h, eta_);
    return StepResult::fine;  // what is not finite shows in the drift
  }

  TensorList z_of(const AlfState& state) const override { return state.z; }
  TensorList v_of(const AlfState& state) const override { return state.v; }

  double drift(const AlfState& reconstructed, const AlfState& known) const override {
    const auto z = difference(reconstructed.z, known.z), v = difference(reconstructed.v, known.v);
    const double of_z = relative(z.largest_difference, z.largest_value);
    const double of_v = relative(v.largest_difference, std::max(v.largest_value, span_ > 0 ? z.largest_value / span_ : 0));
    const double worst = std::max(of_z, of_v);
    return std::isnan(of_z + of_v) ? INFINITY : worst;
  }

  double log_amplification() const override { return -std::log(std::abs(1 - 2 * eta_)); }
  bool exact() const override { return false; }

 private:
  double eta_, span_;
  TensorList k_;
};

}  // namespace

std::unique_ptr<AlfArithmetic> make_float_alf(double eta, double span) { return std::make_unique<FloatAlf>(eta, span); }

AlfState copy_of(const AlfState& state) {
  AlfState copy;
  for (const auto& z : state.z) copy.z.push_back(dense_copy(z));
  for (const auto& v : state.v) copy.v.push_back(dense_copy(v));
  return copy;
}

std::int64_t bytes_of(const AlfState& state) {
  std::int64_t bytes = 0;
  for (const auto* part : {&state.z, &state.v})
    for (const auto& tensor : *part) bytes += static_cast<std::int64_t>(tensor.nbytes());
  return bytes;
}

}  // namespace neuralode
