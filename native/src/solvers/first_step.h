// A length for the first adaptive step. Source: Hairer, Norsett & Wanner, Solving ODEs I, II.4.
#pragma once

#include <functional>

#include "tensors/tensor_list.h"

namespace neuralode {

/// Root mean square of x / (atol + rtol |reference|), over all elements.
double scaled_norm(const TensorList& x, const TensorList& reference, double rtol, double atol);

/// The rule's first guess (no further evaluation): a hundredth of the time in which z changes by its own size, at most span. v: f(t0, z).
double first_step_size(const TensorList& z, const TensorList& v, double rtol, double atol, double span);

/// The same from the scaled norms of z and v.
double first_step_guess(double size, double speed, double span);

/// The rest of the rule, which bounds the step of a method with an error estimate of order `error_order`. guess: the first one. speed,
/// curvature: scaled norms of f(t, z) and of its change over the guess, divided by it.
double second_step_guess(double guess, double speed, double curvature, int error_order, double span);

/// The whole rule, two evaluations of f in all. v: f(t, z), laid out as z. evaluate: f at a later time and state. direction: 1 or -1.
/// measured: how many tensors the norms look at.
double hairer_first_step(const TensorList& z, const TensorList& v,
                         const std::function<TensorList(double later, const TensorList& z)>& evaluate, double direction, double rtol,
                         double atol, double span, int error_order, std::size_t measured);

}  // namespace neuralode
