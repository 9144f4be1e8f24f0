#include "gradients/mali.h"

#include <ATen/ATen.h>
#include <torch/custom_class.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/basic_ops.h>

#include <algorithm>

#include "core/error.h"
#include "gradients/landings.h"
#include "solvers/alf.h"
#include "solvers/alf_kernels.h"
#include "tensors/autocast.h"

namespace neuralode {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// z0 as long as somebody else keeps it: reported on, never needed.
struct WeakTensor {
  c10::weak_intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl> tensor;
  std::uint32_t version;

  static std::uint32_t version_of(const at::Tensor& value) { return value.is_inference() ? 0 : static_cast<std::uint32_t>(value._version()); }
  explicit WeakTensor(const at::Tensor& value) : tensor(value.getIntrusivePtr()), version(version_of(value)) {}
  at::Tensor lock() const {
    auto strong = tensor.lock();
    if (!strong.defined()) return {};
    auto value = at::Tensor(std::move(strong));
    return version_of(value) == version ? value : at::Tensor();
  }
};

/// Everything but tensors that the reverse sweep needs.
struct Sweep : torch::CustomClassHolder {
  explicit Sweep(const Problem& problem, const c10::Device& device)
      : dynamics(problem.dynamics), eta(problem.options.eta), random(device), autocast(AutocastState::current(device.type())),
        modes(problem.dynamics->modes()) {}

  std::shared_ptr<Dynamics> dynamics;
  double eta;
  Landings landings;
  std::shared_ptr<Grid> grid = std::make_shared<Grid>();
  std::shared_ptr<Statistics> statistics = std::make_shared<Statistics>();
  RandomReplay random;
  AutocastState autocast;
  std::vector<bool> modes;
  bool wants_times = false;
  TensorList parameters;       // that gradients are wanted for
  NamedTensorList watched;     // all of them: the trajectory depends on frozen ones too
  std::vector<std::uint32_t> watched_versions;
  std::vector<WeakTensor> z0;
};

void remember_parameters(Sweep& sweep) {
  sweep.parameters = differentiable_parameters(*sweep.dynamics);
  sweep.watched = sweep.dynamics->parameters();
  for (const auto& [name, parameter] : sweep.watched) sweep.watched_versions.push_back(WeakTensor::version_of(parameter));
}

void check_unchanged(const Sweep& sweep) {
  for (std::size_t i = 0; i < sweep.watched.size(); ++i)
    require(WeakTensor::version_of(sweep.watched[i].second) == sweep.watched_versions[i], "parameter '", sweep.watched[i].first,
            "' was changed in place between the forward solve and backward, so the trajectory cannot be retraced; "
            "call backward before optimizer.step(), or solve again");
}

/// Sets the modules' modes for a reverse sweep and puts back what it was.
class TrainingScope {
 public:
  TrainingScope(Dynamics& dynamics, const std::vector<bool>& modes) : dynamics_(dynamics), before_(dynamics.modes()) { set(modes); }
  ~TrainingScope() { set(before_); }
  TrainingScope(const TrainingScope&) = delete;
  TrainingScope& operator=(const TrainingScope&) = delete;

 private:
  void set(const std::vector<bool>& modes) {
    if (dynamics_.modes() != modes) dynamics_.set_modes(modes);
  }
  Dynamics& dynamics_;
  std::vector<bool> before_;
};

/// Writes landings into stacked outputs.
class Trajectory {
 public:
  Trajectory(const Landings& landings, const TensorList& z0) : landings_(landings) {
    if (!landings.trajectory) return;
    for (const auto& tensor : z0) {
      auto sizes = tensor.sizes().vec();
      sizes.insert(sizes.begin(), static_cast<std::int64_t>(landings.outputs.size()));
      outputs_.push_back(at::empty(sizes, tensor.options().requires_grad(false)));
    }
    write(-1, z0);
  }

  void write(std::int64_t landing, const TensorList& z) {
    for (std::size_t row = 0; row < landings_.outputs.size(); ++row)
      if (landings_.outputs[row] == landing)
        for (std::size_t i = 0; i < outputs_.size(); ++i) outputs_[i].select(0, static_cast<std::int64_t>(row)).copy_(z[i]);
  }

  TensorList take() { return std::move(outputs_); }

 private:
  const Landings& landings_;
  TensorList outputs_;
};

/// Lets the program's generator go on from a state that no evaluation used, also when f throws.
struct EndOfDraws {
  RandomReplay& random;
  ~EndOfDraws() { random.finish(); }
};

AlfState forward_sweep(Sweep& sweep, const TensorList& z0, const StepSizeOptions& steps, Trajectory& trajectory) {
  const AutocastScope autocast(sweep.autocast);
  const EndOfDraws end_of_draws{sweep.random};
  AlfStepper stepper(*sweep.dynamics, sweep.random, sweep.landings.t0, z0, sweep.eta, steps.step_size == 0,
                     [&](std::int64_t landing, const TensorList& z) { trajectory.write(landing, z); });
  *sweep.grid = drive(stepper, sweep.landings.t0, sweep.landings.times, steps);
  auto& statistics = *sweep.statistics;
  statistics.steps_accepted = static_cast<std::int64_t>(sweep.grid->steps.size());
  statistics.steps_rejected = sweep.grid->rejected;
  statistics.nfe_forward = stepper.evaluations();
  auto end = stepper.take();
  if (!all_finite(end.z))
    fail(Status::non_finite, "the state became infinite or NaN between t = ", sweep.landings.t0, " and t = ", sweep.landings.times.back(),
         "; use shorter steps or adaptive ones, or check f there");
  return end;
}

/// Derivatives to the times, in the order t0, landing 0, landing 1, ....
struct TimeGradients {
  explicit TimeGradients(std::size_t landings) : values(landings + 1) {}
  std::vector<double> values;

  /// Adds a step of the segment that ends at landing `segment`. Its start keeps its distance to the segment's start; its length is
  /// constant unless it is the last, which ends at the landing time itself.
  void add(std::size_t segment, bool last, const AlfReverse::TimeCotangents& cotangents) {
    double& start = values[segment];
    double& end = values[segment + 1];
    if (last) {
      start += cotangents.evaluation_time / 2 - cotangents.h;
      end += cotangents.evaluation_time / 2 + cotangents.h;
    } else {
      start += cotangents.evaluation_time;
    }
  }
};

struct ReverseResult {
  TensorList a_z0, a_parameters;
  std::vector<double> a_times;
};

/// The cotangents of the outputs of landing `landing` (-1 for t0), added to the sweep's.
void add_output_cotangents(AlfReverse& reverse, const Landings& landings, std::int64_t landing, const TensorList& cotangents) {
  if (!landings.trajectory) {
    if (landing == static_cast<std::int64_t>(landings.times.size()) - 1) reverse.add_cotangent(cotangents);
    return;
  }
  for (std::size_t row = 0; row < landings.outputs.size(); ++row) {
    if (landings.outputs[row] != landing) continue;
    TensorList rows;
    for (const auto& cotangent : cotangents)
      rows.push_back(cotangent.defined() ? cotangent.select(0, static_cast<std::int64_t>(row)) : at::Tensor());
    reverse.add_cotangent(rows);
  }
}

double reconstruction_error(const Sweep& sweep, const TensorList& z) {
  TensorList known;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const auto tensor = sweep.z0[i].lock();
    if (!tensor.defined()) return std::numeric_limits<double>::quiet_NaN();
    known.push_back(at::empty_strided(z[i].sizes(), z[i].strides(), z[i].options()).copy_(tensor.detach()));
  }
  const auto apart = difference(z, known);
  return apart.largest_value > 0 ? apart.largest_difference / apart.largest_value : apart.largest_difference;
}

ReverseResult reverse_sweep(Sweep& sweep, const AlfState& end, const TensorList& cotangents) {
  const at::NoGradGuard not_recording;
  check_unchanged(sweep);
  const TrainingScope training(*sweep.dynamics, sweep.modes);
  const BufferGuard buffers(*sweep.dynamics);
  const AutocastScope autocast(sweep.autocast);
  const RandomReplay::Scope random(sweep.random);

  const auto& landings = sweep.landings;
  AlfReverse reverse(*sweep.dynamics, sweep.random, end, sweep.eta, sweep.parameters, sweep.wants_times);
  TimeGradients times(landings.times.size());
  auto segment = landings.times.size();
  const auto& steps = sweep.grid->steps;
  if (steps.empty()) add_output_cotangents(reverse, landings, 0, cotangents);  // t1 == t0
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const bool last = step->landing >= 0;
    if (last) {
      segment = static_cast<std::size_t>(step->landing);
      add_output_cotangents(reverse, landings, step->landing, cotangents);
    }
    times.add(segment, last, reverse.step(*step, last && sweep.wants_times));
  }
  sweep.statistics->reconstruction_error = reconstruction_error(sweep, reverse.state().z);
  times.values[0] += reverse.start(landings.t0);
  add_output_cotangents(reverse, landings, -1, cotangents);
  sweep.statistics->nfe_backward = reverse.evaluations();
  return {std::move(reverse.a_z()), std::move(reverse.a_parameters()), std::move(times.values)};
}

/// Gradients that throw when they are differentiated once more.
variable_list closed_to_double_backward(variable_list gradients) {
  for (auto& gradient : gradients)
    if (gradient.defined()) gradient = gradient.detach().requires_grad_(true);
  const auto node = std::make_shared<torch::autograd::DelayedError>(
      "double backward: MALI has no second derivative; solve with the gradient method backprop where one is needed",
      static_cast<std::int64_t>(gradients.size()));
  return (*node)(std::move(gradients));
}

/// Inputs: z0..., t0, t1, t_eval (one element, unused, when not given), parameters....
class MaliFunction : public torch::autograd::Function<MaliFunction> {
 public:
  static variable_list forward(AutogradContext* context, c10::intrusive_ptr<Sweep> sweep, const StepSizeOptions& steps, at::TensorList inputs) {
    const auto states = sweep->z0.size();
    const TensorList z0(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(states));
    Trajectory trajectory(sweep->landings, z0);
    auto end = forward_sweep(*sweep, z0, steps, trajectory);
    auto outputs = sweep->landings.trajectory ? trajectory.take() : end.z;
    variable_list saved(end.z);
    saved.insert(saved.end(), end.v.begin(), end.v.end());
    saved.insert(saved.end(), inputs.begin() + static_cast<std::ptrdiff_t>(states), inputs.begin() + static_cast<std::ptrdiff_t>(states) + 3);
    context->save_for_backward(std::move(saved));
    context->saved_data["sweep"] = c10::IValue::make_capsule(std::move(sweep));
    return outputs;
  }

  static variable_list backward(AutogradContext* context, variable_list cotangents) {
    const auto saved = context->get_saved_variables();
    const auto holder = context->saved_data["sweep"].toCapsule();
    auto& sweep = *static_cast<Sweep*>(holder.get());
    const auto states = static_cast<std::ptrdiff_t>(sweep.z0.size());
    const bool differentiating = at::GradMode::is_enabled();

    const AlfState end{{saved.begin(), saved.begin() + states}, {saved.begin() + states, saved.begin() + 2 * states}};
    auto result = reverse_sweep(sweep, end, cotangents);
    variable_list gradients{at::Tensor(), at::Tensor()};  // of sweep and steps
    gradients.insert(gradients.end(), result.a_z0.begin(), result.a_z0.end());
    append_times(gradients, sweep, result.a_times, saved.end() - 3);
    gradients.insert(gradients.end(), result.a_parameters.begin(), result.a_parameters.end());
    return differentiating ? closed_to_double_backward(std::move(gradients)) : gradients;
  }

 private:
  /// times: t0, t1, t_eval as they were given, for their dtypes and shapes.
  static void append_times(variable_list& gradients, const Sweep& sweep, const std::vector<double>& a_times,
                           variable_list::const_iterator times) {
    if (!sweep.wants_times) {
      gradients.resize(gradients.size() + 3);
      return;
    }
    const at::NoGradGuard not_recording;
    auto a_t1 = at::zeros_like(times[1]), a_t_eval = at::zeros_like(times[2]);
    for (std::size_t j = 0; j < sweep.landings.sources.size(); ++j) {
      const auto source = sweep.landings.sources[j];
      (source == Landings::t1_source ? a_t1 : a_t_eval.select(0, source)).add_(a_times[j + 1]);
    }
    gradients.push_back(at::full_like(times[0], a_times[0]));
    gradients.push_back(a_t1);
    gradients.push_back(a_t_eval);
  }
};

}  // namespace

Solution solve_mali(const Problem& problem) {
  auto sweep = c10::make_intrusive<Sweep>(problem, problem.z0[0].device());
  sweep->landings = landings_of(problem.t0, problem.t1, problem.t_eval);
  for (const auto& tensor : problem.z0) sweep->z0.emplace_back(tensor);
  if (at::GradMode::is_enabled()) remember_parameters(*sweep);
  const auto t_eval = problem.t_eval.defined() ? problem.t_eval : at::zeros({1}, at::kDouble);
  sweep->wants_times = problem.t0.requires_grad() || problem.t1.requires_grad() || t_eval.requires_grad();

  variable_list inputs(problem.z0);
  inputs.insert(inputs.end(), {problem.t0, problem.t1, t_eval});
  inputs.insert(inputs.end(), sweep->parameters.begin(), sweep->parameters.end());
  const double t1 = sweep->landings.times.back();
  auto statistics = sweep->statistics;
  auto grid = sweep->grid;
  auto states = MaliFunction::apply(std::move(sweep), problem.options.steps, at::TensorList(inputs));
  return {std::move(states), std::move(statistics), std::move(grid), t1};
}

}  // namespace neuralode
