// The kernels of cpu/alf.h on one element: the one source of cpu/alf.cpp and cuda/alf.cu, which so write the same bits.
// Real: float or double, what the element type is computed in. Stored: rounds a Real to the element type and back, as memory would.
#pragma once

#include "kernels/host_device.h"
#include "kernels/scalar.h"

namespace neuralode::kernels::element {

/// The numbers of a step, rounded once to what the elements are computed in.
template <class Real>
struct AlfConstants {
  Real half;     ///< h/2
  Real keep;     ///< 1 - 2 eta
  Real gain;     ///< 2 eta
  Real amplify;  ///< 1 / (1 - 2 eta)
  Real other;    ///< half of the length of the step that comes next in the sweep
};
template <class Real>
AlfConstants<Real> alf_constants(double h, double eta, double h_other = 0) {
  return {static_cast<Real>(h / 2), static_cast<Real>(1 - 2 * eta), static_cast<Real>(2 * eta), static_cast<Real>(1 / (1 - 2 * eta)),
          static_cast<Real>(h_other / 2)};
}

/// `value` as an element of type Scalar holds it.
template <class Scalar>
NEURALODE_HOST_DEVICE Compute<Scalar> as_stored(Compute<Scalar> value) {
  Scalar element;
  store(element, value);
  return load(element);
}

template <class Real>
NEURALODE_HOST_DEVICE Real alf_head(Real z, Real v, Real half) {
  return z + half * v;
}

template <class Real>
struct AlfPoint {
  Real z, v;
};
template <class Real>
NEURALODE_HOST_DEVICE AlfPoint<Real> alf_tail(Real k, Real v, Real u, const AlfConstants<Real>& c) {
  const Real next = c.keep * v + c.gain * u;
  return {k + c.half * next, next};
}

template <class Real>
NEURALODE_HOST_DEVICE double alf_error(Real z, Real z_next, Real u, Real v, double h, double rtol, double atol) {
  const double before = z < 0 ? -double(z) : double(z), after = z_next < 0 ? -double(z_next) : double(z_next);
  const double scaled = h * (double(u) - double(v)) / (atol + rtol * (before > after ? before : after));
  return scaled * scaled;
}

/// a_u = 2 eta s, s = a_v + h/2 a_z.
template <class Real>
NEURALODE_HOST_DEVICE Real alf_reverse_head(Real a_z, Real a_v, Real half, Real gain) {
  return gain * (a_v + half * a_z);
}

template <class Real>
NEURALODE_HOST_DEVICE AlfPoint<Real> alf_reverse_state(Real k, Real v_next, Real u, const AlfConstants<Real>& c) {
  const Real velocity = (v_next - c.gain * u) * c.amplify;
  return {k - c.half * velocity, velocity};
}

template <class Real>
struct AlfCotangent {
  Real a_z, a_v;
};
/// From a_u = 2 eta s and g = (df/dk)^T a_u.
template <class Real>
NEURALODE_HOST_DEVICE AlfCotangent<Real> alf_reverse_cotangent(Real a_z, Real a_u, Real g, const AlfConstants<Real>& c) {
  const Real s = a_u / c.gain;  // exact for eta = 1
  const Real a_k = a_z + g;
  return {a_k, c.keep * s + c.half * a_k};
}

}  // namespace neuralode::kernels::element
