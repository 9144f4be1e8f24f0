// The increment of an explicit Runge-Kutta step and its derivatives:  Psi_h(t, z) = h sum of b_i k_i
// Discrete adjoint (Zhang & Zhao 2022, equation 7), from the last used stage i to the first:
//   a_k_i = h (b_i a_Psi + sum over j > i of a_ji a_z_j);   a_z_i = (df/dz_i)^T a_k_i;   (dPsi/dz)^T a_Psi = sum of a_z_i
#pragma once

#include "solvers/sweeps.h"
#include "solvers/tableau.h"

namespace neuralode {

/// Its stages, linearised for the sweep that owns it.
class RkIncrement {
 public:
  RkIncrement(CotangentSweep& sweep, const Tableau& tableau) : sweep_(sweep), tableau_(tableau) {}

  /// Number and time of stage 0's evaluation, the time being t up to rounding.
  struct First {
    std::int64_t evaluation;
    double t;
  };
  /// One linearised evaluation a stage that Psi depends on. h: signed. rest: number of stage 1's evaluation, which the others' follow.
  void linearize(double t, double h, const TensorList& z, const First& first, std::int64_t rest);
  const std::vector<TensorList>& k() const { return k_; }

  /// Pulls a_Psi = scale * a back, once: a_z += (dPsi/dz)^T a_Psi; the parameters' cotangents join the sweep's. a_z may be a. Returns the
  /// derivative to t and, where `wants_h`, to h.
  CotangentSweep::TimeCotangents pull_back(const TensorList& a, double scale, const TensorList& a_z, bool wants_h);

 private:
  /// a_k_i; empty where it is zero. a_stages: a_z_j of the stages after i.
  TensorList stage_cotangent(std::size_t i, const TensorList& a, double scale, const std::vector<TensorList>& a_stages) const;

  CotangentSweep& sweep_;
  const Tableau& tableau_;
  double h_ = 0;
  std::vector<Linearization> linearizations_;
  std::vector<TensorList> k_;
};

}  // namespace neuralode
