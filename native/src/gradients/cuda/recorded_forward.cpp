#include <ATen/ATen.h>

#include "gradients/cuda/recorded_sweeps.h"
#include "gradients/trajectory.h"
#include "tensors/layout.h"

namespace neuralode::cuda {

std::unique_ptr<RecordedForward> record_forward(Sweep& sweep) {
  auto recording = std::make_unique<RecordedForward>();
  for (const auto& z0 : sweep.z0) recording->z0.push_back(dense_copy(z0.value()));
  auto random = RandomReplay::silent(recording->z0[0].device());
  recording->graph = record([&] {
    const auto solver = sweep.solver();
    const auto& landings = sweep.landings;
    Trajectory trajectory(landings, recording->z0, /*may_fail=*/false);
    ForwardStepper* stepping = nullptr;
    SweepObserver observer;
    observer.on_landing = [&](std::int64_t landing, const SolverState& state) {
      if (landings.trajectory) trajectory.write(landing, stepping->z_of(state));
    };
    SweepNeeds needs;
    needs.every_state = needs.reads_notes = false;
    const auto stepper =
        solver->stepper(*sweep.dynamics, random, landings.t0, landings.times.back(), recording->z0, needs, std::move(observer));
    stepping = stepper.get();
    drive(*stepper, landings.t0, landings.times, sweep.options.steps, recording->grid);
    recording->end = std::move(stepper->state());
    if (landings.trajectory) recording->states = trajectory.take();
    recording->noted = stepper->noted().tensor();
    recording->evaluations = stepper->evaluations();
  });
  return recording;
}

std::optional<ForwardResult> replay_forward(const RecordedForward& recording, Sweep& sweep) {
  for (std::size_t i = 0; i < recording.z0.size(); ++i) recording.z0[i].copy_(sweep.z0[i].value());
  recording.graph->replay();
  ForwardResult result;
  result.end = copy_of(recording.end);
  for (const auto& states : recording.states) result.states.push_back(states.clone());
  if (!sweep.landings.trajectory) result.states = result.end.z;
  if (recording.noted.item<std::int64_t>() != DeviceNotes::nothing) return std::nullopt;
  *sweep.grid = recording.grid;
  sweep.outcome->reached = recording.grid.end;
  sweep.statistics->steps_accepted = static_cast<std::int64_t>(recording.grid.steps.size());
  sweep.statistics->nfe_forward = recording.evaluations;
  return result;
}

}  // namespace neuralode::cuda
