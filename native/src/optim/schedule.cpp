#include "optim/schedule.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace neuralode {

namespace {

/// From `from` at s = 0 to `to` at s = 1 along half a cosine.
double along_cosine(double from, double to, double s) {
  const double pi = std::acos(-1.0);
  return to + (from - to) * (1 + std::cos(pi * std::clamp(s, 0.0, 1.0))) / 2;
}

void check(const ScheduleOptions& options, std::int64_t step) {
  require(std::isfinite(options.lr) && options.lr >= 0, "lr: ", options.lr, " is not a learning rate; give 0 or more");
  require(step >= 0, "step: ", step, " is before the first, 0");
  if (options.kind == ScheduleKind::step) {
    require(options.period > 0, "period: ", options.period, " must be 1 step or more");
    require(std::isfinite(options.gamma) && options.gamma > 0, "gamma: ", options.gamma, " must be above 0");
  }
  if (options.kind == ScheduleKind::cosine || options.kind == ScheduleKind::one_cycle) {
    require(options.total_steps > 0, "total_steps: ", options.total_steps, " must be 1 or more");
    require(options.final_factor >= 0 && options.final_factor <= 1, "final_factor: ", options.final_factor, " is outside [0, 1]");
  }
  if (options.kind == ScheduleKind::one_cycle) {
    require(options.warmup > 0 && options.warmup < 1, "warmup: ", options.warmup, " is outside (0, 1)");
    require(options.initial_divisor >= 1, "initial_divisor: ", options.initial_divisor, " must be 1 or more");
  }
}

}  // namespace

double learning_rate(const ScheduleOptions& options, std::int64_t step) {
  check(options, step);
  const double progress = options.total_steps > 1 ? static_cast<double>(step) / static_cast<double>(options.total_steps - 1)
                          : step > 0              ? 1.0
                                                  : 0.0;
  switch (options.kind) {
    case ScheduleKind::constant:
      return options.lr;
    case ScheduleKind::step:
      return options.lr * std::pow(options.gamma, static_cast<double>(step / options.period));
    case ScheduleKind::cosine:
      return along_cosine(options.lr, options.lr * options.final_factor, progress);
    case ScheduleKind::one_cycle:
      return progress < options.warmup
                 ? along_cosine(options.lr / options.initial_divisor, options.lr, progress / options.warmup)
                 : along_cosine(options.lr, options.lr * options.final_factor, (progress - options.warmup) / (1 - options.warmup));
  }
  fail(Status::invalid_argument, "kind: ", static_cast<int>(options.kind), " is none of constant (0), step (1), cosine (2), one-cycle (3)");
}

}  // namespace neuralode
