// What a solver does for a forward sweep, for making steps of it again, and for differentiating one step.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "dynamics/dynamics.h"
#include "solvers/device_notes.h"
#include "solvers/drive.h"
#include "solvers/newton.h"
#include "solvers/solver_state.h"
#include "tensors/random_replay.h"

namespace neuralode {

/// t as f takes it: 0-dim, of z's dtype and device.
at::Tensor time_tensor(double t, const TensorList& z);

/// What a forward sweep tells while it runs.
struct SweepObserver {
  std::function<bool(double h)> before_step;  ///< once a step, before its first trial; h: the length tried. Whether the state is wanted
  std::function<void(const SolverState& state)> on_wanted;
  std::function<void(std::int64_t landing, const SolverState& state)> on_landing;
  std::function<void()> after_step;  ///< once a step is accepted; solved_stages() are its own
};

/// What a forward sweep is for.
struct SweepNeeds {
  bool adaptive = false;     ///< steps may be rejected
  bool keep = false;         ///< the state before a tried step must outlive it
  bool reads_notes = true;   ///< what a GPU noted is read at the end; else by the caller, from noted()
  bool every_state = true;   ///< the state after every step is looked at, or wanted after a failure; else only those that were asked for
};

/// A forward sweep, not recorded by autograd. The tensors it works in are kept from step to step.
class ForwardStepper : public Stepper {
 public:
  ForwardStepper(Dynamics& dynamics, RandomReplay& random, const TensorList& z0, const SweepNeeds& needs, SweepObserver observer)
      : needs_(needs), notes_(z0[0].device()), dynamics_(dynamics), random_(random), observer_(std::move(observer)) {}
  void land(std::int64_t index) override {
    if (observer_.on_landing) observer_.on_landing(index, state_);
  }
  void finish(const Grid& grid) override;

  /// At the end of the last accepted step.
  SolverState& state() { return state_; }
  const DeviceNotes& noted() const { return notes_; }
  /// z of a state as floats; maybe its very tensors.
  virtual TensorList z_of(const SolverState& state) const { return state.z; }
  std::int64_t evaluations() const { return evaluations_; }
  /// Of an implicit solver.
  virtual ImplicitWork work() const { return {}; }
  /// Of an implicit solver: what the equations of the last accepted step were solved for, in a form that SolverState::stages takes.
  virtual TensorList solved_stages() const { return {}; }
  /// Error estimates look at the first `count` tensors of the state alone.
  void measure_first(std::size_t count) { measured_ = count; }

 protected:
  std::size_t measured_count() const { return measured_; }
  /// The part of a list that error estimates look at.
  TensorList measured(const TensorList& list) const {
    return {list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min(measured_, list.size()))};
  }
  /// f(t, z), counted and watched for random draws.
  TensorList evaluate(double t, const TensorList& z);
  /// An evaluation made by `body`, counted; all with the same number draw the same. first: of those with this number.
  void evaluate_as(std::int64_t number, bool first, const std::function<void()>& body);
  Dynamics& dynamics() { return dynamics_; }
  /// Dense copies. Throws non_finite naming the one that is not finite; on a GPU that is noted.
  TensorList checked_start(const TensorList& z0, double t0);
  /// Throws non_finite; on a GPU what is not finite is noted.
  void require_finite_start(const TensorList& f0, double t0);
  /// To be called at each trial, before its kernels. Whether tell_state() must be called then, with the state whole.
  bool tell_length(double h) { return std::exchange(new_step_, false) && observer_.before_step && observer_.before_step(h); }
  void tell_state() const { observer_.on_wanted(state_); }
  void tell(double h) {
    notes_.begin(accepted_);
    if (tell_length(h)) tell_state();
  }
  /// For the kernels of a tried step: null where it may be rejected for what they meet.
  DeviceNotes* notes() { return needs_.adaptive ? nullptr : &notes_; }
  /// Throws what was noted on a GPU, waiting for it, where it cannot wait until finish().
  void require_unnoted(double t) const {
    if (notes_.on_gpu() && (needs_.adaptive || needs_.every_state)) fail_noted(t);
  }
  void step_accepted() {
    ++accepted_;
    new_step_ = true;
    if (observer_.after_step) observer_.after_step();
  }
  void step_retracted() {
    --accepted_;
    new_step_ = false;
  }
  /// Throws non_finite for step number `step`, naming the state in which `u` = f(t, z) is not finite, if any is not.
  [[noreturn]] static void fail_non_finite(const std::vector<TensorList>& u, std::int64_t step, double t);

  [[noreturn]] static void fail_overflow(std::int64_t step, double t);
  /// Fails if anything was noted on a GPU; waits for it. t: of the step that it was noted of.
  void fail_noted(double t) const;

  SolverState state_;
  std::int64_t evaluations_ = 0, accepted_ = 0;
  SweepNeeds needs_;
  DeviceNotes notes_;

 private:
  Dynamics& dynamics_;
  RandomReplay& random_;
  SweepObserver observer_;
  std::size_t measured_ = std::numeric_limits<std::size_t>::max();
  bool new_step_ = true;
};

/// Steps of a forward sweep made again, from a state on its way.
class Replay {
 public:
  virtual ~Replay() = default;
  virtual void step(const Grid::Step& step) = 0;
  virtual SolverState& state() = 0;
  /// Of an implicit solver.
  virtual ImplicitWork work() const { return {}; }
};

/// The cotangent g of a state interpolated at theta inside a step.
struct InsideCotangent {
  double theta;
  TensorList g;
};

/// Cotangents on their way back through a solve.
class CotangentSweep {
 public:
  /// z: for shapes, strides and dtypes. parameters: those that gradients are wanted for. Cotangents start at zero.
  CotangentSweep(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters, bool wants_times);
  virtual ~CotangentSweep() = default;

  /// What a step adds to derivatives to time: to its start at constant length, and to its length at constant start. Zero unless
  /// times are wanted; the second only where `wants_h`.
  struct TimeCotangents {
    double start = 0;
    double h = 0;
    std::vector<double> theta = {};  ///< of each state that was interpolated inside the step, where times are wanted
  };

  /// Adds the cotangent of a state that was given out; undefined entries are zero.
  void add_cotangent(const TensorList& a_z);
  /// The same in some rows of the batch. samples: (rows,), int64.
  void add_cotangent(const TensorList& a_z, const at::Tensor& samples);
  /// Adds the cotangent g of a state interpolated at theta inside the step that comes next; undefined entries are zero. The step joins it.
  void add_interpolated(double theta, TensorList g);
  /// The cotangents of the parameters that were added since the last call.
  TensorList take_parameters();
  TensorList& a_z() { return a_z_; }
  /// Of the last step, where its samples have steps of their own, one a sample; empty unless times are wanted.
  const std::vector<TimeCotangents>& of_samples() const { return of_samples_; }

  /// A linearised evaluation whose cotangent is known later; u as f gave it.
  Linearization linearization(double t, const TensorList& z, std::int64_t evaluation);
  /// Its pullback, once; what it held is let go. Adds the parameters' cotangents; a_z laid out as the state.
  InputCotangents pull_back(Linearization& linearization, const TensorList& a_u);

  /// 0 where a_t is undefined.
  static double scalar(const at::Tensor& a_t);
  bool wants_times() const { return wants_times_; }
  /// Linearised evaluations made.
  std::int64_t evaluations() const { return evaluations_; }

 protected:
  std::pair<TensorList, InputCotangents> linearised(double t, const TensorList& z, const TensorList& a_u, std::int64_t evaluation) {
    return linearised(time_tensor(t, z), z, a_u, evaluation);
  }
  std::pair<TensorList, InputCotangents> linearised(const at::Tensor& t, const TensorList& z, const TensorList& a_u,
                                                    std::int64_t evaluation);
  /// Laid out as z; zeros where undefined.
  TensorList cotangent_like(TensorList a_z, const TensorList& z);

  Dynamics& dynamics_;
  RandomReplay& random_;
  TensorList parameters_;
  bool wants_times_;
  TensorList a_z_, a_parameters_;
  std::vector<TimeCotangents> of_samples_;
  std::vector<InsideCotangent> inside_;  ///< of the step that comes next, which clears it
  std::int64_t evaluations_ = 0;

 private:
  TensorList zeros_;  // made when a pullback leaves a state's cotangent out
};

/// Differentiates steps from the states before them.
class StepAdjoint : public CotangentSweep {
 public:
  using CotangentSweep::CotangentSweep;
  /// before: the state at the step's start.
  virtual TimeCotangents step(const Grid::Step& step, const SolverState& before, bool wants_h) = 0;
  /// Pulls the hidden state's cotangent back to z0. Returns dL/dt0 through it.
  virtual double start(double t0, const TensorList& z0) = 0;
  /// Steps made again because their stages were not kept.
  std::int64_t steps_solved() const { return steps_solved_; }
  /// Of an implicit solver.
  const ImplicitWork& work() const { return work_; }

 protected:
  std::int64_t steps_solved_ = 0;
  ImplicitWork work_;
};

/// Undoes steps, from the state after the last of them, and carries cotangents along: of the state that it stands at.
class StepInverse : public CotangentSweep {
 public:
  /// z: of `end`, as floats. end: copied.
  StepInverse(Dynamics& dynamics, RandomReplay& random, const TensorList& z, const SolverState& end, TensorList parameters,
              bool wants_times);

  /// Undoes one step. before: the state before it where that is known, for the derivative to h; null to use the reconstruction. next: the
  /// step that will be undone next, where nothing is asked of the state between, nor of its cotangent, and times are not wanted; the two may
  /// then share a pass over memory. Null otherwise.
  virtual TimeCotangents step(const Grid::Step& step, bool wants_h, const SolverState* before = nullptr,
                              const Grid::Step* next = nullptr) = 0;

  struct Start {
    SolverState state;  ///< at t0, made anew
    double a_t0 = 0;
    bool at_z0 = true;  ///< false: `state` holds f of the reconstruction of z0, not of z0 itself
  };
  /// Pulls the hidden state's cotangent back to z0. z0: kept by the state.
  virtual Start start(double t0, TensorList z0) = 0;
  /// The largest |f| that is known about the state that it stands at; 0 where none is.
  virtual double speed() const { return 0; }
  /// The largest |z| about the state that it stands at.
  virtual double size() const;
  /// The relative distance of the state that it stands at from the known one, infinite for a NaN.
  virtual double drift(const SolverState& known) const = 0;

  /// Goes on from `state` (copied) with the cotangents as they are.
  virtual void set_state(const SolverState& state);
  const SolverState& state() const { return state_; }

  /// The states' cotangents, for going back to where they were; empty lists stand for zero.
  struct Cotangents {
    TensorList a_z, a_v;
  };
  Cotangents copy_cotangents() const;
  void set_cotangents(const Cotangents& cotangents);

 protected:
  SolverState state_;
  TensorList a_v_;  ///< one a hidden tensor
};

/// sum += gradients, undefined entries being zero; takes a gradient over where there is no sum yet and it is nobody else's.
void accumulate(TensorList& sum, const TensorList& gradients);

}  // namespace neuralode
