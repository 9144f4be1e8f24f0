// What numbers the ALF step is computed in: floating point, or integers on a lattice from which it is undone to the bit.
#pragma once

#include <memory>

#include "solvers/device_notes.h"
#include "solvers/solver_state.h"

namespace neuralode {

/// The element-wise halves of a step around its evaluation of f, and of its inverse. One object serves one sweep: it holds work space.
class AlfArithmetic {
 public:
  virtual ~AlfArithmetic() = default;

  /// The state at t0. z0: dense, kept and written over. v0 as f gave it, finite.
  virtual SolverState start(TensorList z0, const TensorList& v0) = 0;
  /// Room for the state after a step. keep: whether `state` must outlive the step; where not, the two may share tensors.
  virtual SolverState room_after(const SolverState& state, bool keep) const = 0;

  /// k = z + h/2 v, in a tensor that nobody else holds; `next` lends its room where it can.
  virtual const TensorList& head(const SolverState& state, SolverState& next, double h) = 0;
  /// The state after the step whose head came before, u = f(t + h/2, k). On a GPU what it met is noted, and `fine` returned.
  virtual StepResult tail(const SolverState& state, const TensorList& u, SolverState& next, double h, DeviceNotes* notes = nullptr) = 0;
  /// tail and the head of the next step, of length h_next, in one pass, where `next` shares what it can with `state`. Of the state after
  /// the step only what the next one needs is made: it is whole again after the next tail. Returns k; `met`: as tail returns it.
  virtual const TensorList& advance(SolverState& state, const TensorList& u, SolverState& next, double h, double h_next, StepResult& met,
                                    DeviceNotes* notes = nullptr) = 0;

  /// Of the step that ended in `state`: k, and a_u = 2 eta (a_v + h/2 a_z).
  virtual const TensorList& reverse_head(const SolverState& state, const TensorList& a_z, const TensorList& a_v, const TensorList& a_u,
                                         double h) = 0;
  /// Undoes the step in place: `state` is the one before it, (a_z, a_v) its cotangent. a_u as the head made it, g = (df/dk)^T a_u.
  virtual StepResult reverse_tail(SolverState& state, const TensorList& u, const TensorList& g, const TensorList& a_u,
                                  const TensorList& a_z, const TensorList& a_v, double h) = 0;
  /// reverse_tail and the reverse_head of the step before it, of length h_before, in one pass: a_u becomes that step's. Of (state, a_z,
  /// a_v) only what that step needs is made: they are whole again after its tail. Returns its k.
  virtual const TensorList& reverse_advance(SolverState& state, const TensorList& u, const TensorList& g, TensorList& a_u,
                                            const TensorList& a_z, const TensorList& a_v, double h, double h_before) = 0;

  /// As floats; maybe the very tensors of the state.
  virtual TensorList z_of(const SolverState& state) const = 0;
  virtual TensorList v_of(const SolverState& state) const = 0;

  /// Between a reconstructed state and the known one, the largest over its tensors of max |dz| / max(max |z|, span max |v|) and
  /// max |dv| / max(max |v|, max |z| / span); infinite for a NaN. 0 exactly when an exact arithmetic came back to the bit.
  virtual double drift(const SolverState& reconstructed, const SolverState& known) const = 0;
  /// log |1 - 2 eta|^-1: what undoing one step does to an error, f apart.
  virtual double log_amplification() const = 0;
  /// Whether undoing is exact where f is deterministic.
  virtual bool exact() const = 0;
};

/// The parts of drift() of one tensor. dz, dv: largest distances; z, v: largest known values.
double relative_drift(double dz, double dv, double z, double v, double span);

/// Floating point in z0's dtype. span: |t1 - t0|.
std::unique_ptr<AlfArithmetic> make_float_alf(double eta, double span);

/// Fixed point: z = z0 + quantum_z Z, v = quantum_v V with int64 Z, V; one quantum a tensor, powers of two. eta = 1.
struct Lattice {
  TensorList z0;  ///< dense, owned
  std::vector<double> quantum_z, quantum_v;
};

/// 2^-48 (float64) or 2^-40 of the scale of the data: max |z0| for z, max |v0| for v, or from the other one and the span where they say
/// little. z0: dense, finite, kept.
Lattice choose_lattice(TensorList z0, const TensorList& v0, double span);

/// Chooses its lattice at start(), unless `lattice`, which must outlive it, is there already.
std::unique_ptr<AlfArithmetic> make_lattice_alf(Lattice& lattice, double span);

}  // namespace neuralode
