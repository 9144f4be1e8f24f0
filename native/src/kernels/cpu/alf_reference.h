// The kernels of alf.h as plainly as they can be written: one element at a time, in double. For tests.
#pragma once

#include <cstdint>

namespace neuralode::kernels::reference {

struct AlfPoint {
  double z, v;
};
struct AlfCotangent {
  double a_z, a_v;
};

inline double head(double z, double v, double h) { return z + h / 2 * v; }

inline AlfPoint tail(double k, double v, double u, double h, double eta) {
  const double v_next = (1 - 2 * eta) * v + 2 * eta * u;
  return {k + h / 2 * v_next, v_next};
}

inline double error(double z, double z_next, double u, double v, double h, double rtol, double atol) {
  const double largest = (z < 0 ? -z : z) > (z_next < 0 ? -z_next : z_next) ? (z < 0 ? -z : z) : (z_next < 0 ? -z_next : z_next);
  const double scaled = h * (u - v) / (atol + rtol * largest);
  return scaled * scaled;
}

inline double reverse_head_k(double z_next, double v_next, double h) { return z_next - h / 2 * v_next; }
inline double reverse_head_a_u(double a_z, double a_v, double h, double eta) { return 2 * eta * (a_v + h / 2 * a_z); }

inline AlfPoint reverse_tail(double k, double v_next, double u, double h, double eta) {
  const double v = (v_next - 2 * eta * u) / (1 - 2 * eta);
  return {k - h / 2 * v, v};
}

inline AlfCotangent reverse_cotangent(double a_z, double a_u, double g, double h, double eta) {
  const double s = a_u / (2 * eta);
  const double a_k = a_z + g;
  return {a_k, (1 - 2 * eta) * s + h / 2 * a_k};
}

}  // namespace neuralode::kernels::reference
