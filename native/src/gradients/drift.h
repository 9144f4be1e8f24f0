// What is said of the drift of a reverse sweep that undid steps.
#pragma once

#include "gradients/sweep.h"

namespace neuralode {

/// Writes the sweep's outcome. worst: NaN where nothing was known. Throws drift beyond the tolerance, unless options.failure is value.
void report_drift(Sweep& sweep, double worst, bool exact);

}  // namespace neuralode
