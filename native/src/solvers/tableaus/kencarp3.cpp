// ARK3(2)4L[2]SA. Order 3(2), 4 stages of which the first is explicit; implicit method L-stable and stiffly accurate.
// Kennedy & Carpenter 2003, appendix.
#include "solvers/implicit_tableau.h"

namespace neuralode::tableaus {

const ImplicitTableau& kencarp3() {
  constexpr double gamma = 1767732205903.0 / 4055673282236;
  constexpr double b[4] = {1471266399579.0 / 7840856788654, -4482444167858.0 / 7529755066697, 11266239266428.0 / 11593286722821, gamma};
  constexpr double embedded[4] = {2756255671327.0 / 12835298489170, -10771552573575.0 / 22201958757719, 9247589265047.0 / 10645013368117,
                                  2193209047091.0 / 5459859503100};
  static const ImplicitTableau tableau{
      {"kencarp3",
       3,
       3,
       false,
       {0, 2 * gamma, 3.0 / 5, 1},
       {{0}, {gamma, gamma}, {2746238789719.0 / 10658868560708, -640167445237.0 / 6845629431997, gamma}, {b[0], b[1], b[2], b[3]}},
       {b[0], b[1], b[2], b[3]},
       {b[0] - embedded[0], b[1] - embedded[1], b[2] - embedded[2], b[3] - embedded[3]}},
      {{},
       {2 * gamma},
       {5535828885825.0 / 10492691773637, 788022342437.0 / 10882634858940},
       {6485989280629.0 / 16251701735622, -4246266847089.0 / 9704473918619, 10755448449292.0 / 10357097424841}}};
  return tableau;
}

}  // namespace neuralode::tableaus
