// Butcher tableaus of the explicit Runge-Kutta methods; one method a file in tableaus/.
//   z_i = z + h sum over j < i of a[i][j] k_j;   k_i = f(t + c[i] h, z_i);   z' = z + h sum of b[i] k_i;   error = h sum of error[i] k_i
#pragma once

#include <vector>

#include "solvers/solver_kind.h"

namespace neuralode {

struct Tableau {
  const char* name;
  int order;
  int error_order;  ///< of the embedded estimate in h; 0 without one
  bool fsal;        ///< first same as last: the last stage is the next step's first, a.back() == b
  std::vector<double> c;
  std::vector<std::vector<double>> a;  ///< row i has i entries, or fewer when the rest are 0
  std::vector<double> b, error;        ///< error: b less the embedded method's; empty without one

  std::size_t stages() const { return c.size(); }
  /// Those that z' depends on: a FSAL method's last is for the error estimate and the next step.
  std::size_t used_stages() const { return fsal ? c.size() - 1 : c.size(); }
};

/// solver: an explicit Runge-Kutta method.
const Tableau& tableau_of(SolverKind solver);

namespace tableaus {
const Tableau& euler();
const Tableau& midpoint();
const Tableau& heun();
const Tableau& heun_euler();
const Tableau& bosh3();
const Tableau& rk4();
const Tableau& dopri5();
const Tableau& tsit5();
const Tableau& dopri8();
}  // namespace tableaus

}  // namespace neuralode
