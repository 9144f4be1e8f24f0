// What numbers the ALF step is computed in: floating point, or integers on a lattice from which it is undone to the bit.
#pragma once

#include <memory>

#include "tensors/tensor_list.h"

namespace neuralode {

/// z and v of one time, as an AlfArithmetic represents them: tensors of z0's shapes and strides.
struct AlfState {
  TensorList z, v;
};

AlfState copy_of(const AlfState& state);
std::int64_t bytes_of(const AlfState& state);

/// What a step met.
enum class StepResult { fine, non_finite, overflow };

/// The element-wise halves of a step around its evaluation of f, and of its inverse. One object serves one sweep: it holds work space.
class AlfArithmetic {
 public:
  virtual ~AlfArithmetic() = default;

  /// The state at t0. z0: dense, kept and written over. v0 as f gave it, finite.
  virtual AlfState start(TensorList z0, const TensorList& v0) = 0;
  /// Room for the state after a step. keep: whether `state` must outlive the step; where not, the two may share tensors.
  virtual AlfState room_after(const AlfState& state, bool keep) const = 0;

  /// k = z + h/2 v, in a tensor that nobody else holds; `next` lends its room where it can.
  virtual const TensorList& head(const AlfState& state, AlfState& next, double h) = 0;
  /// The state after the step whose head came before, u = f(t + h/2, k).
  virtual StepResult tail(const AlfState& state, const TensorList& u, AlfState& next, double h) = 0;

  /// Of the step that ended in `state`: k, and a_u = 2 eta (a_v + h/2 a_z).
  virtual const TensorList& reverse_head(const AlfState& state, const TensorList& a_z, const TensorList& a_v, const TensorList& a_u, double h) = 0;
  /// Undoes the step in place: `state` is the one before it, (a_z, a_v) its cotangent. g = (df/dk)^T a_u.
  virtual StepResult reverse_tail(AlfState& state, const TensorList& u, const TensorList& g, const TensorList& a_z, const TensorList& a_v,
                                  double h) = 0;

  /// As floats; maybe the very tensors of the state.
  virtual TensorList z_of(const AlfState& state) const = 0;
  virtual TensorList v_of(const AlfState& state) const = 0;

  /// max(max |dz| / max |z|, max |dv| / max(max |v|, max |z| / span)) between a reconstructed state and the known one; infinite for a NaN.
  /// 0 exactly when an exact arithmetic came back to the bit.
  virtual double drift(const AlfState& reconstructed, const AlfState& known) const = 0;
  /// log |1 - 2 eta|^-1: what undoing one step does to an error, f apart.
  virtual double log_amplification() const = 0;
  /// Whether undoing is exact where f is deterministic.
  virtual bool exact() const = 0;
};

/// Floating point in z0's dtype. span: |t1 - t0|.
std::unique_ptr<AlfArithmetic> make_float_alf(double eta, double span);

/// Fixed point: z = z0 + quantum_z Z, v = quantum_v V with int64 Z, V; one quantum a tensor, powers of two. eta = 1.
struct Lattice {
  TensorList z0;  ///< dense, owned
  std::vector<double> quantum_z, quantum_v;
};

/// 2^-48 (float64) or 2^-40 of the scale of the data: max |z0| for z, max |v0| for v, or from the other one and the span where they say little.
/// z0: dense, finite, kept.
Lattice choose_lattice(TensorList z0, const TensorList& v0, double span);

/// Chooses its lattice at start(), unless `lattice`, which must outlive it, is there already.
std::unique_ptr<AlfArithmetic> make_lattice_alf(Lattice& lattice, double span);

}  // namespace neuralode
