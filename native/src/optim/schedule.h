// Learning-rate schedules as pure functions of the step.
#pragma once

#include <cstdint>

namespace neuralode {

enum class ScheduleKind : std::int32_t { constant = 0, step = 1, cosine = 2, one_cycle = 3 };

struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::constant;
  double lr = 0.1;              ///< the highest rate
  std::int64_t total_steps = 0; ///< cosine, one-cycle; later steps keep the last rate
  std::int64_t period = 0;      ///< step
  double gamma = 0.1;           ///< step
  double warmup = 0.25;         ///< one-cycle: share of total_steps that rises
  double initial_divisor = 25;  ///< one-cycle
  double final_factor = 0;      ///< cosine, one-cycle
};

/// The rate at `step`, 0 being the first. Throws invalid_argument naming the option out of range.
///   step:      lr gamma^floor(step / period)
///   cosine:    lr (final + (1 - final) (1 + cos(pi s)) / 2), s = step / (total - 1). Loshchilov & Hutter 2017, eq. 5.
///   one-cycle: lr / divisor to lr over the first `warmup`, then to lr final, each along half a cosine. Smith & Topin 2018.
double learning_rate(const ScheduleOptions& options, std::int64_t step);

}  // namespace neuralode
