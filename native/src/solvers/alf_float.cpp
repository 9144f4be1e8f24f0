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

class FloatAlf final : public AlfArithmetic {
 public:
  FloatAlf(double eta, double span) : eta_(eta), span_(span) {}

  SolverState start(TensorList z0, const TensorList& v0) override {
    SolverState state{std::move(z0), {}};
    state.v = empty_like(state.z);
    for (std::size_t i = 0; i < v0.size(); ++i) state.v[i].copy_(v0[i]);  // f may return its input, or a tensor that it keeps
    return state;
  }

  SolverState room_after(const SolverState& state, bool keep) const override {
    return {empty_like(state.z), keep ? empty_like(state.v) : state.v};
  }

  const TensorList& head(const SolverState& state, SolverState& next, double h) override {
    take_back(next.z);
    alf_head(state.z, state.v, next.z, h);
    return next.z;
  }

  StepResult tail(const SolverState& state, const TensorList& u, SolverState& next, double h, DeviceNotes* notes) override {
    const auto midpoint = replaced(next.z);
    return alf_tail(midpoint, state.v, u, next.z, next.v, h, eta_, notes) ? StepResult::fine : StepResult::non_finite;
  }

  const TensorList& advance(SolverState& state, const TensorList& u, SolverState& next, double h, double h_next, StepResult& met,
                            DeviceNotes* notes) override {
    const auto midpoint = replaced(next.z);
    met = alf_advance(midpoint, state.v, u, next.z, state.v, h, h_next, eta_, notes) ? StepResult::fine : StepResult::non_finite;
    return next.z;
  }

  const TensorList& reverse_head(const SolverState& state, const TensorList& a_z, const TensorList& a_v, const TensorList& a_u,
                                 double h) override {
    if (k_.empty()) k_ = empty_like(state.z);
    take_back(k_);
    alf_reverse_head(state.z, state.v, a_z, a_v, k_, a_u, h, eta_);
    return k_;
  }

  StepResult reverse_tail(SolverState& state, const TensorList& u, const TensorList& g, const TensorList& a_u, const TensorList& a_z,
                          const TensorList& a_v, double h) override {
    // k_'s memory is free after the pullback unless f gave it out or kept it; state.z's is always ours.
    alf_reverse_tail(k_, state.v, u, g, a_u, state.z, state.v, a_z, a_v, h, eta_);
    return StepResult::fine;  // what is not finite shows in the drift
  }

  const TensorList& reverse_advance(SolverState& state, const TensorList& u, const TensorList& g, TensorList& a_u, const TensorList& a_z,
                                    const TensorList&, double h, double h_before) override {
    const auto midpoint = replaced(k_), cotangent = replaced(a_u);
    alf_reverse_advance(midpoint, state.v, u, g, cotangent, k_, state.v, a_z, a_u, h, h_before, eta_);
    return k_;
  }

  TensorList z_of(const SolverState& state) const override { return state.z; }
  TensorList v_of(const SolverState& state) const override { return state.v; }

  double drift(const SolverState& reconstructed, const SolverState& known) const override {
    double worst = 0;
    const auto z_apart = differences(reconstructed.z, known.z), v_apart = differences(reconstructed.v, known.v);
    for (std::size_t i = 0; i < known.z.size(); ++i) {
      const auto &z = z_apart[i], &v = v_apart[i];
      worst = std::max(worst, relative_drift(z.largest_difference, v.largest_difference, z.largest_value, v.largest_value, span_));
    }
    return worst;
  }

  double log_amplification() const override { return -std::log(std::abs(1 - 2 * eta_)); }
  bool exact() const override { return false; }

 private:
  /// The tensors of `buffer`, which are written over in place unless f gave one of them out or kept it: then `buffer` becomes new ones.
  static TensorList replaced(TensorList& buffer) {
    return std::all_of(buffer.begin(), buffer.end(), owns_storage_alone) ? buffer : std::exchange(buffer, empty_like(buffer));
  }

  double eta_, span_;
  TensorList k_;
};

}  // namespace

double relative_drift(double dz, double dv, double z, double v, double span) {
  const double size_z = std::max(z, span * v), size_v = span > 0 ? std::max(v, z / span) : v;
  const double worst = std::max(size_z > 0 ? dz / size_z : dz, size_v > 0 ? dv / size_v : dv);
  return std::isfinite(dz + dv + z + v) ? worst : INFINITY;
}

std::unique_ptr<AlfArithmetic> make_float_alf(double eta, double span) { return std::make_unique<FloatAlf>(eta, span); }

}  // namespace neuralode
