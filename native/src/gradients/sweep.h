// What a solve keeps from its forward sweep for its reverse sweep, and the sweeps of every gradient method but backprop.
#pragma once

#include <torch/custom_class.h>

#include "gradients/landings.h"
#include "gradients/observer.h"
#include "gradients/snapshots.h"
#include "gradients/solve.h"
#include "solvers/solver.h"
#include "tensors/autocast.h"
#include "tensors/random_replay.h"

namespace neuralode {

class SweepGraphs;

/// A tensor of the program's, usable as long as nobody has changed it in place.
class WatchedTensor {
 public:
  explicit WatchedTensor(const at::Tensor& tensor);
  bool unchanged() const;
  const at::Tensor& value() const { return value_; }

 private:
  at::Tensor value_;
  std::uint32_t version_;
};

/// Everything but the end state that the reverse sweep needs.
struct Sweep : torch::CustomClassHolder {
  /// observer: may be null.
  explicit Sweep(const Problem& problem, const Observer* observer = nullptr);

  std::shared_ptr<Dynamics> dynamics;
  SolveOptions options;
  bool finds_event;
  Landings landings;  ///< where an event may end the solve, the state there is the last output
  std::shared_ptr<Grid> grid = std::make_shared<Grid>();
  std::shared_ptr<Statistics> statistics = std::make_shared<Statistics>();
  std::shared_ptr<Outcome> outcome = std::make_shared<Outcome>();
  RandomReplay random;
  AutocastState autocast;
  std::vector<bool> modes;
  bool differentiable = false;  ///< whether a reverse sweep may come
  bool wants_times = false;
  double epsilon, drift_tolerance, drift_threshold;  ///< threshold: of repairs
  TensorList parameters;                             ///< that gradients are wanted for
  NamedTensorList watched;                           ///< all of them: the trajectory depends on frozen ones too
  std::vector<WatchedTensor> watched_parameters;
  std::vector<WatchedTensor> z0;
  Lattice lattice;                      ///< exact reversal
  std::int64_t evaluations_of_end = 0;  ///< linearised, by end_time_derivative since the last reverse sweep
  std::vector<Snapshot> snapshots;
  std::shared_ptr<SweepGraphs> graphs;  ///< of solves like this one, or null

  double span() const;
  SolverChoice choice() const;
  /// For one sweep.
  std::unique_ptr<Solver> solver();
  /// Of a reversible solver.
  SnapshotSchedule schedule(const Solver& solver) const;
  /// Looks at the parameters, whose change in place before the reverse sweep is an error.
  void watch_parameters();
  /// Lets go of every state, after a reverse sweep that was the last.
  void release();
};

struct ForwardResult {
  SolverState end;           ///< in the sweep's arithmetic; where the solve failed, the last good state or empty
  TensorList states;         ///< in the form of Solution::states, with one more row where an event may end the solve and t_eval was given
  bool event = false;        ///< whether it ended on an event
  SolverState before_event;  ///< of the last step, then
};

/// Writes the sweep's grid, statistics, outcome, snapshots and lattice. z0: the sweep's, detached. Throws what f throws and, unless
/// options.failure is value, the failures of the solve. observer: that of the sweep. Where an event ends the solve, the landings do too.
ForwardResult forward_sweep(Sweep& sweep, const Observer* observer = nullptr);

struct ReverseResult {
  TensorList a_z0, a_parameters;
  std::vector<double> a_times;         ///< t0, landing 0, landing 1, ...
  std::vector<double> a_interpolated;  ///< times of landings.interpolated
};

/// The reverse sweeps. cotangents: of the states; end: of the forward sweep. Called through reverse_sweep alone.
/// mali, reversible: undoes every step.
ReverseResult inverse_sweep(Sweep& sweep, const SolverState& end, const TensorList& cotangents);
/// aca, anode, pnode: differentiates every step from the state before it, which was kept or is made again.
ReverseResult checkpointed_sweep(Sweep& sweep, const TensorList& cotangents);
/// Solves the adjoint ODE. states: what the forward sweep gave out.
ReverseResult adjoint_sweep(Sweep& sweep, const TensorList& states, const TensorList& cotangents);

/// The one of the sweep's gradient method, with f in the modes, autocast state and random draws of the forward sweep, and its buffers put
/// back afterwards. Throws invalid_argument when a parameter was changed in place since; drift, unless options.failure is value.
ReverseResult reverse_sweep(Sweep& sweep, const SolverState& end, const TensorList& states, const TensorList& cotangents);

/// <cotangents, dY/dt1>, Y being the states that the sweep gave out as a function of the time at which its last step ends. before: the
/// state at that step's start; end: z at its end. One linearised step; under `adjoint` dz/dt1 is f there. Throws as reverse_sweep.
double end_time_derivative(Sweep& sweep, const SolverState& before, const TensorList& end, const TensorList& cotangents);

}  // namespace neuralode
