// ALF on a fixed-point lattice: kernels/cpu/lattice.h, docs/reversibility.md.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "solvers/alf_arithmetic.h"
#include "solvers/lattice_kernels.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

double largest(const at::Tensor& tensor) { return tensor.numel() > 0 ? tensor.detach().abs().max().to(at::kDouble).item<double>() : 0; }

/// The power of two that a scale's quantum is: 2^(ceil(log2 scale) - bits).
double quantum_of(double scale, int bits) {
  constexpr int smallest = -1000;  // still a normal number
  return std::ldexp(1.0, std::max(smallest, static_cast<int>(std::ceil(std::log2(scale))) - bits));
}

TensorList integers_like(const TensorList& reference) {
  TensorList result;
  for (const auto& tensor : reference)
    result.push_back(at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().dtype(at::kLong)));
  return result;
}

class LatticeAlf final : public AlfArithmetic {
 public:
  LatticeAlf(Lattice& lattice, double span) : lattice_(lattice), span_(span) {}

  SolverState start(TensorList z0, const TensorList& v0) override {
    if (lattice_.z0.empty()) lattice_ = choose_lattice(std::move(z0), v0, span_);
    SolverState state{integers_like(lattice_.z0), integers_like(lattice_.z0)};
    for (auto& z : state.z) z.zero_();
    TensorList v;
    for (std::size_t i = 0; i < v0.size(); ++i) v.push_back(with_layout_of(v0[i], lattice_.z0[i]));
    DeviceNotes notes(lattice_.z0[0].device());
    auto met = lattice::start(lattice_, v, state.v, &notes);
    if (const auto noted = notes.read()) met = noted->result;
    if (met == StepResult::overflow)
      fail(Status::lattice_overflow, "f(t0, z0) is too large against |t1 - t0| = ", span_,
           " and z0 for fixed-point numbers; use reversal float");
    return state;
  }

  SolverState room_after(const SolverState& state, bool keep) const override {
    return keep ? SolverState{empty_like(state.z), empty_like(state.v)} : state;
  }

  const TensorList& head(const SolverState& state, SolverState&, double h) override {
    lattice::head(lattice_, state, midpoint(), h);
    return k_;
  }

  StepResult tail(const SolverState& state, const TensorList& u, SolverState& next, double h, DeviceNotes* notes) override {
    return lattice::tail(lattice_, state, u, next, h, notes);
  }

  const TensorList& advance(SolverState& state, const TensorList& u, SolverState& next, double h, double h_next, StepResult& met,
                            DeviceNotes* notes) override {
    met = lattice::advance(lattice_, state, u, next, midpoint(), h, h_next, notes);
    return k_;
  }

  const TensorList& reverse_head(const SolverState& state, const TensorList& a_z, const TensorList& a_v, const TensorList& a_u,
                                 double h) override {
    lattice::reverse_head(lattice_, state, a_z, a_v, midpoint(), a_u, h);
    return k_;
  }

  StepResult reverse_tail(SolverState& state, const TensorList& u, const TensorList& g, const TensorList&, const TensorList& a_z,
                          const TensorList& a_v, double h) override {
    return lattice::reverse_tail(lattice_, state, u, g, state, a_z, a_v, h);
  }

  const TensorList& reverse_advance(SolverState& state, const TensorList& u, const TensorList& g, TensorList& a_u, const TensorList& a_z,
                                    const TensorList& a_v, double h, double h_before) override {
    take_back(a_u);
    lattice::reverse_advance(lattice_, state, u, g, a_z, a_v, midpoint(), a_u, h, h_before);
    return k_;
  }

  TensorList z_of(const SolverState& state) const override {
    auto z = empty_like(lattice_.z0);
    lattice::state(lattice_, state.z, z);
    return z;
  }

  TensorList v_of(const SolverState& state) const override {
    auto v = empty_like(lattice_.z0);
    lattice::velocity(lattice_, state.v, v);
    return v;
  }

  double drift(const SolverState& reconstructed, const SolverState& known) const override {
    double worst = 0;
    for (std::size_t i = 0; i < lattice_.z0.size(); ++i) {
      const double dz = lattice_.quantum_z[i] * lattice::difference(reconstructed.z, known.z, i);
      const double dv = lattice_.quantum_v[i] * lattice::difference(reconstructed.v, known.v, i);
      if (dz == 0 && dv == 0) continue;
      worst = std::max(worst, relative_drift(dz, dv, largest(z_of(known)[i]), largest(v_of(known)[i]), span_));
    }
    return worst;
  }

  double log_amplification() const override { return 0; }
  bool exact() const override { return true; }

 private:
  TensorList& midpoint() {
    if (k_.empty()) k_ = empty_like(lattice_.z0);
    take_back(k_);
    return k_;
  }

  Lattice& lattice_;
  double span_;
  TensorList k_;
};

}  // namespace

Lattice choose_lattice(TensorList z0, const TensorList& v0, double span) {
  constexpr double headroom_share = 1.0 / 1024;  // of the way that v0 would go in the span; the headroom is eight times more, or more
  Lattice lattice;
  std::vector<double> scales;
  double any = 0;
  for (std::size_t i = 0; i < z0.size(); ++i) {
    const double z = largest(z0[i]), way = span * largest(v0[i]);
    scales.push_back(z > 0 ? std::max(z, way * headroom_share) : way);
    any = std::max(any, scales.back());
  }
  if (!std::isfinite(any))
    fail(Status::lattice_overflow, "z0 or |t1 - t0| f(t0, z0) is too large for fixed-point numbers; use reversal float");
  for (std::size_t i = 0; i < z0.size(); ++i) {
    const int bits = z0[i].scalar_type() == at::kDouble ? 48 : 40;
    const double scale = scales[i] > 0 ? scales[i] : any > 0 ? any : 1;
    const double speed = std::max(largest(v0[i]), span > 0 ? scale / span : 0);
    lattice.quantum_z.push_back(quantum_of(scale, bits));
    lattice.quantum_v.push_back(quantum_of(speed > 0 ? speed : 1, bits));
  }
  lattice.z0 = std::move(z0);
  return lattice;
}

std::unique_ptr<AlfArithmetic> make_lattice_alf(Lattice& lattice, double span) { return std::make_unique<LatticeAlf>(lattice, span); }

}  // namespace neuralode
