#include <ATen/ATen.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradients/cuda/recorded_sweeps.h"
#include "gradients/drift.h"
#include "gradients/output_cotangents.h"
#include "solvers/cuda/kernels.h"
#include "tensors/layout.h"

namespace neuralode::cuda {

namespace {

namespace nodes = torch::autograd::impl;

/// Shared or, from some libtorch after 2.6 on, intrusive.
using NodePointer = decltype(nodes::try_get_grad_accumulator(std::declval<const at::Tensor&>()));

template <class Pointer, class Node>
Pointer new_node(const at::Tensor& parameter) {
  if constexpr (std::is_same_v<Pointer, std::shared_ptr<torch::autograd::Node>>)
    return std::make_shared<Node>(parameter);
  else
    return c10::make_intrusive<Node>(parameter);
}

template <class Weak>
void set_node(void (*set)(const at::Tensor&, Weak), const at::Tensor& parameter, const NodePointer& node) {
  set(parameter, Weak(node));
}

/// For as long as this lives, gradients of the parameters arrive at nodes of the current stream: those that they have belong to the stream
/// on which the program first used them, and a recording must not make that one wait. Another thread must not differentiate the same
/// parameters meanwhile.
class FreshAccumulators {
 public:
  explicit FreshAccumulators(TensorList parameters) : parameters_(std::move(parameters)) {
    for (const auto& parameter : parameters_) {
      before_.push_back(nodes::try_get_grad_accumulator(parameter));
      fresh_.push_back(new_node<NodePointer, torch::autograd::AccumulateGrad>(parameter));
      set_node(nodes::set_grad_accumulator, parameter, fresh_.back());
    }
  }
  ~FreshAccumulators() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) set_node(nodes::set_grad_accumulator, parameters_[i], before_[i]);
  }
  FreshAccumulators(const FreshAccumulators&) = delete;
  FreshAccumulators& operator=(const FreshAccumulators&) = delete;

 private:
  TensorList parameters_;
  std::vector<NodePointer> before_, fresh_;
};

/// Undoes every step of the sweep, to t0, without looking at what comes of it.
void undo(Sweep& sweep, RecordedReverse& recording) {
  const auto solver = sweep.solver();
  auto random = RandomReplay::silent(recording.z0[0].device());
  const auto inverse = solver->inverse(*sweep.dynamics, random, recording.end, sweep.parameters, /*wants_times=*/false);
  const OutputCotangents outputs(sweep.landings, recording.cotangents);
  const auto& steps = sweep.grid->steps;
  if (steps.empty()) outputs.add(*inverse, 0);  // t1 == t0
  for (auto number = steps.size(); number-- > 0;) {
    const auto& step = steps[number];
    if (step.landing >= 0) outputs.add(*inverse, step.landing);
    const auto* next = number > 0 && steps[number - 1].landing < 0 ? &steps[number - 1] : nullptr;
    inverse->step(step, /*wants_h=*/false, /*before=*/nullptr, next);
  }
  const auto start = inverse->start(sweep.landings.t0, recording.z0);
  recording.drift = at::cat({queued_differences(inverse->state().z, start.state.z), queued_differences(inverse->state().v, start.state.v)});
  outputs.add(*inverse, -1);
  recording.a_z0 = std::move(inverse->a_z());
  recording.a_parameters = inverse->take_parameters();
  recording.evaluations = inverse->evaluations();
}

TensorList copies_of(const TensorList& tensors) {
  TensorList copies;
  for (const auto& tensor : tensors) copies.push_back(tensor.defined() ? dense_copy(tensor) : at::Tensor());
  return copies;
}

double worst_drift(const at::Tensor& numbers, double span) {
  const auto* rows = numbers.data_ptr<double>();
  const auto count = numbers.size(0) / 2;
  double worst = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto *z = rows + 2 * i, *v = rows + 2 * (count + i);
    worst = std::max(worst, relative_drift(z[0], v[0], z[1], v[1], span));
  }
  return worst;
}

}  // namespace

std::unique_ptr<RecordedReverse> record_reverse(Sweep& sweep, const SolverState& end, const TensorList& cotangents) {
  auto recording = std::make_unique<RecordedReverse>();
  recording->end = copy_of(end);
  for (std::size_t i = 0; i < end.z.size(); ++i)
    recording->z0.push_back(at::empty_strided(end.z[i].sizes(), end.z[i].strides(), end.z[i].options()));
  recording->cotangents = copies_of(cotangents);
  recording->graph = record([&] {
    const FreshAccumulators accumulators(sweep.dynamics->pulls_back_by_autograd() ? sweep.parameters : TensorList());
    undo(sweep, *recording);
  });
  return recording;
}

TensorList RecordedReverse::inputs() const {
  auto all = end.z;
  for (const auto* more : {&end.v, &z0, &cotangents}) all.insert(all.end(), more->begin(), more->end());
  return all;
}

bool fits(const RecordedReverse& recording, const TensorList& cotangents) {
  for (std::size_t i = 0; i < cotangents.size(); ++i)
    if (cotangents[i].defined() != recording.cotangents[i].defined()) return false;
  return true;
}

std::optional<ReverseResult> replay_reverse(const RecordedReverse& recording, Sweep& sweep, const SolverState& end,
                                            const TensorList& cotangents) {
  for (std::size_t i = 0; i < end.z.size(); ++i) recording.end.z[i].copy_(end.z[i]);
  for (std::size_t i = 0; i < end.v.size(); ++i) recording.end.v[i].copy_(end.v[i]);
  for (std::size_t i = 0; i < recording.z0.size(); ++i) recording.z0[i].copy_(sweep.z0[i].value());
  for (std::size_t i = 0; i < cotangents.size(); ++i)
    if (cotangents[i].defined()) recording.cotangents[i].copy_(cotangents[i]);
  recording.graph->replay();
  ReverseResult result;
  result.a_z0 = copies_of(recording.a_z0);
  result.a_parameters = copies_of(recording.a_parameters);
  result.a_times.resize(sweep.landings.times.size() + 1);
  const double drift = worst_drift(recording.drift.to(at::kCPU), sweep.span());
  if (sweep.options.snapshots == SnapshotKind::automatic && !(drift <= sweep.drift_threshold)) return std::nullopt;
  sweep.statistics->nfe_backward = recording.evaluations;
  sweep.statistics->reconstruction_error = drift;
  report_drift(sweep, drift, /*exact=*/false);
  return result;
}

}  // namespace neuralode::cuda
