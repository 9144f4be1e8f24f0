#include "gradients/sweep.h"

#include <ATen/ATen.h>

#include <cmath>

#include "solvers/per_sample/sample_sweeps.h"

namespace neuralode {

namespace {

std::uint32_t version_of(const at::Tensor& value) { return value.is_inference() ? 0 : static_cast<std::uint32_t>(value._version()); }

}  // namespace

WatchedTensor::WatchedTensor(const at::Tensor& tensor) : value_(tensor.detach()), version_(version_of(tensor)) {}

bool WatchedTensor::unchanged() const { return version_of(value_) == version_; }

Sweep::Sweep(const Problem& problem, const Observer* observer)
    : dynamics(problem.dynamics),
      options(problem.options),
      finds_event(observer != nullptr && observer->event),
      landings(landings_of(problem.t0, problem.t1, problem.t_eval, problem.options.dense_output)),
      random(problem.z0[0].device()),
      autocast(AutocastState::current(problem.z0[0].device().type())),
      modes(problem.dynamics->modes()),
      epsilon(epsilon_of(problem.z0[0].scalar_type())),
      drift_tolerance(drift_tolerance_of(problem.options, problem.z0[0].scalar_type(), autocast)),
      drift_threshold(repair_threshold(epsilon, drift_tolerance, autocast)) {
  for (const auto& tensor : problem.z0) z0.emplace_back(tensor);
  if (finds_event) landings.add_end();
}

double Sweep::span() const { return std::abs(landings.times.back() - landings.t0); }

SolverChoice Sweep::choice() const {
  SolverChoice choice;
  choice.kind = options.solver;
  choice.eta = options.eta;
  choice.exact = options.reversal == ReversalKind::exact;
  choice.coupling = coupling_of(options);
  choice.adaptive = options.steps.step_size == 0;
  choice.interpolating = options.dense_output || finds_event;
  choice.newton = newton_settings(options.newton, options.steps, epsilon);
  return choice;
}

std::unique_ptr<Solver> Sweep::solver() {
  return options.per_sample ? make_sample_solver(choice(), span()) : make_solver(choice(), lattice, span());
}

SnapshotSchedule Sweep::schedule(const Solver& solver) const {
  if (!differentiable || options.snapshots == SnapshotKind::none) return SnapshotSchedule::none();
  if (options.snapshots == SnapshotKind::every) return SnapshotSchedule::every(options.snapshot_interval);
  if (solver.exact()) return SnapshotSchedule::none();
  return SnapshotSchedule::automatic(solver.log_amplification(), dynamics->drift_rate().item<double>(), epsilon, drift_threshold);
}

void Sweep::watch_parameters() {
  parameters = differentiable_parameters(*dynamics);
  watched = dynamics->parameters();
  for (const auto& [name, parameter] : watched) watched_parameters.emplace_back(parameter);
}

void Sweep::release() {
  snapshots.clear();
  lattice.z0.clear();
  z0.clear();
}

}  // namespace neuralode
