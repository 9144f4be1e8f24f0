// The forward and the reverse sweep of one kind of solve as recordings: their inputs, their graph and their outputs.
#pragma once

#include <memory>
#include <optional>

#include "gradients/cuda/recorder.h"
#include "gradients/sweep.h"

namespace neuralode::cuda {

struct RecordedForward {
  TensorList z0;  ///< input
  std::unique_ptr<at::cuda::CUDAGraph> graph;
  SolverState end;
  TensorList states;  ///< with t_eval
  at::Tensor noted;
  Grid grid;
  std::int64_t evaluations = 0;
};

/// Of mali in floats.
struct RecordedReverse {
  SolverState end;  ///< inputs: this, z0, cotangents (undefined where none was given)
  TensorList z0, cotangents;
  std::unique_ptr<at::cuda::CUDAGraph> graph;
  TensorList a_z0, a_parameters;
  at::Tensor drift;  ///< as queued_differences: rows of z, then of v
  std::int64_t evaluations = 0;
  TensorList inputs() const;
};

/// Nothing is executed.
std::unique_ptr<RecordedForward> record_forward(Sweep& sweep);
/// Nothing where what it computed is not finite.
std::optional<ForwardResult> replay_forward(const RecordedForward& recording, Sweep& sweep);

std::unique_ptr<RecordedReverse> record_reverse(Sweep& sweep, const SolverState& end, const TensorList& cotangents);
/// Whether the same ones are defined.
bool fits(const RecordedReverse& recording, const TensorList& cotangents);
/// Nothing where the drift asks for repairs.
std::optional<ReverseResult> replay_reverse(const RecordedReverse& recording, Sweep& sweep, const SolverState& end,
                                            const TensorList& cotangents);

}  // namespace neuralode::cuda
