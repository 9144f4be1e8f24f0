#include "gradients/event_search.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace neuralode {

namespace {

int sign_of(double value) { return (value > 0) - (value < 0); }

/// A change of sign between two places, of values that may be 0 at its end alone.
class Bracket {
 public:
  Bracket(double g_start, int sign, double g_end) : g_start_(g_start), g_end_(g_end), sign_(sign) {}

  double width() const { return end_ - start_; }
  void narrow(double place, double g) {
    if (sign_of(g) == sign_) {
      start_ = place;
      g_start_ = g;
    } else {
      end_ = place;
      g_end_ = g;
    }
    // Three in a row may leave more than half of it; then the middle is taken.
    slow_ = width() > last_width_ / 2 ? slow_ + 1 : 0;
    last_width_ = width();
  }
  /// `wanted` where it is inside and narrowing goes well, else the middle.
  double place(double wanted) const { return slow_ < 3 && wanted > start_ && wanted < end_ ? wanted : start_ + width() / 2; }
  /// Where a line through both ends is 0.
  double chord() const { return start_ + width() * std::clamp(g_start_ / (g_start_ - g_end_), 0.01, 0.99); }

 private:
  double start_ = 0, end_ = 1, g_start_, g_end_, last_width_ = 1;
  int sign_, slow_ = 0;
};

}  // namespace

void EventSearch::start(double t0, const TensorList& z0) {
  at_end_ = event_value(observer_, t0, z0);
  sign_ = sign_of(at_end_);
}

bool EventSearch::step(Grid& grid, const std::function<std::int64_t(double t)>& before_last) {
  at_start_ = at_end_;
  at_end_ = event_value(observer_, grid.end, z_());
  const int sign = sign_of(at_end_);
  const bool crosses = sign_ != 0 && sign != sign_;
  if (!crosses || observer_.direction == sign_) {
    if (sign != 0) sign_ = sign;  // a 0 in the direction not asked for leaves open which way g goes on
    return false;
  }
  try {
    end_on_event(grid, before_last);
  } catch (...) {  // the stepper goes back to where the step began, and the grid with it
    if (stands_ == Stands::within) stepper_.retract();
    if (stands_ != Stands::at_end) {
      grid.end = grid.steps.back().t;
      grid.steps.pop_back();
    }
    throw;
  }
  return true;
}

void EventSearch::end_on_event(Grid& grid, const std::function<std::int64_t(double t)>& before_last) {
  auto& step = grid.steps.back();
  const double share = polished(step.t, step.h, inside(step.t, step.h));
  const double t = share < 1 ? step.t + share * step.h : grid.end;
  stepper_.retract();
  stands_ = Stands::at_start;
  step.landing = before_last(t);
  step.h = t - step.t;
  step.evaluation = stepper_.attempt(step.t, step.h, step.landing);
  stepper_.require_acceptable();
  step.start = stepper_.start_evaluation();
  step.start_time = stepper_.start_time();
  stepper_.accept();
  grid.end = t;
}

EventSearch::Guess EventSearch::inside(double t, double h) const {
  const auto g = [&](double share) { return event_value(observer_, t + share * h, stepper_.interpolated(share)); };
  Bracket bracket(at_start_, sign_, at_end_);
  double share = bracket.chord();
  for (int i = 0; i < 100 && bracket.width() > 1e-9; ++i) {
    const double value = g(share);
    bracket.narrow(share, value);
    const double next = bracket.place(bracket.chord());
    if (value == 0 || std::abs(next - share) < 1e-9) break;
    share = next;
  }
  const double reach = std::min({1e-4, share, 1 - share});
  return {share, reach > 0 ? (g(share + reach) - g(share - reach)) / (2 * reach) : at_end_ - at_start_};
}

double EventSearch::polished(double t, double h, Guess guess) {
  // What t can resolve, and what z can.
  const double smallest = std::min(0.5, 4 * epsilon_ * std::max({std::abs(t), std::abs(t + h), std::abs(h)}) / std::abs(h));
  Bracket bracket(at_start_, sign_, at_end_);
  double share = std::clamp(guess.share, smallest, 1.0), slope = guess.slope;
  double best = 1, g_best = at_end_, last = 1, g_last = at_end_;
  for (int i = 0; i < 100 && g_best != 0; ++i) {
    again(t, share * h);
    const double g = event_value(observer_, t + share * h, z_());
    bracket.narrow(share, g);
    if (i > 0 && share != last) slope = (g - g_last) / (share - last);
    if (std::abs(g) <= std::abs(g_best)) {
      best = share;
      g_best = g;
    }
    last = share;
    g_last = g;
    share = bracket.place(share - g / slope);
    if (std::abs(share - last) <= smallest || bracket.width() <= smallest) break;
  }
  return best;
}

void EventSearch::again(double t, double h) {
  const at::NoGradGuard not_recording;
  stepper_.retract();
  stands_ = Stands::at_start;
  stepper_.attempt(t, h, -1);
  stepper_.require_acceptable();
  stepper_.accept();
  stands_ = Stands::within;
}

}  // namespace neuralode
