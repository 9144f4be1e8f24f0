// Where an event ends a solve.
#pragma once

#include "gradients/observer.h"

namespace neuralode {

class EventSearch {
 public:
  /// stepper: made interpolating. z: at the end of its last accepted step, detached. epsilon: of z's dtype. All must outlive this.
  EventSearch(const Observer& observer, Stepper& stepper, std::function<TensorList()> z, double epsilon)
      : observer_(observer), stepper_(stepper), z_(std::move(z)), epsilon_(epsilon) {}

  /// Called at t0.
  void start(double t0, const TensorList& z0);

  /// Called after each accepted step, the grid's last. Returns whether the event is in it: then the step has been made again to end on the
  /// event. before_last: called once with the event's time when the stepper stands at that step's start; returns the landing that it ends
  /// on.
  bool step(Grid& grid, const std::function<std::int64_t(double t)>& before_last);

 private:
  /// Makes the last accepted step, in which the event is, end on it.
  void end_on_event(Grid& grid, const std::function<std::int64_t(double t)>& before_last);
  /// The share of the last accepted step, of length h from t, at which g of the states inside it changes sign, and dg/dshare there.
  struct Guess {
    double share, slope;
  };
  Guess inside(double t, double h) const;
  /// The share of the step at which g of the step made to end there is 0. The step is left made again.
  double polished(double t, double h, Guess guess);
  /// Makes the last accepted step again with another length.
  void again(double t, double h);

  /// Where the stepper stands: after the last accepted step, before it, or after a shorter one in its place.
  enum class Stands { at_end, at_start, within };
  Stands stands_ = Stands::at_end;

  const Observer& observer_;
  Stepper& stepper_;
  std::function<TensorList()> z_;
  double epsilon_;
  double at_start_ = 0, at_end_ = 0;  ///< g of the last accepted step
  int sign_ = 0;                      ///< of g before that step
};

}  // namespace neuralode
