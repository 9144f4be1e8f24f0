// Gradients of the continuous problem: the adjoint ODE solved backward, z with it. Source: Chen et al. 2018, algorithm 1.
//   da/dt = -a^T df/dz;   da_theta/dt = -a^T df/dtheta;   at a time t_i of an output with cotangent g: a += g, dL/dt_i = <g, f(t_i, z)>;
//   dL/dt0 = -<a(t0), f(t0, z0)> besides. a_theta has no influence on the rest (Kidger et al. 2021: seminorm).
#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "gradients/output_cotangents.h"
#include "gradients/sweep.h"
#include "solvers/alf_kernels.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// d/dt of (z..., a..., a_theta...).
class AdjointDynamics final : public Dynamics {
 public:
  AdjointDynamics(Dynamics& f, std::size_t states, TensorList parameters) : f_(f), states_(states), wanted_(std::move(parameters)) {}

  TensorList eval(const at::Tensor& t, const TensorList& joint) override {
    const auto a_begin = joint.begin() + static_cast<std::ptrdiff_t>(states_), a_end = a_begin + static_cast<std::ptrdiff_t>(states_);
    const TensorList z(joint.begin(), a_begin), a(a_begin, a_end);
    auto [derivative, cotangents] = f_.vjp(t, z, a, wanted_, /*wants_t=*/false);
    drop_kept_casts(z[0].device().type());
    const auto append = [&](const TensorList& list, const TensorList& like) {
      for (std::size_t i = 0; i < list.size(); ++i) derivative.push_back(list[i].defined() ? list[i].neg() : at::zeros_like(like[i]));
    };
    append(cotangents.a_z, a);
    append(cotangents.a_parameters, TensorList(a_end, joint.end()));
    return std::move(derivative);
  }

  /// The pullback of f is not recorded: implicit solvers get their Jacobian by finite differences.
  Tangents tangents(const at::Tensor& t, const TensorList& joint) override { return difference_tangents(*this, t, joint); }
  std::pair<TensorList, at::Tensor> jacobian(const at::Tensor& t, const TensorList& joint) override {
    const auto at_joint = tangents(t, joint);
    return {at_joint.u, jacobian_of(at_joint, joint)};
  }
  NamedTensorList parameters() const override { return {}; }
  NamedTensorList buffers() const override { return {}; }
  void to_dtype(at::ScalarType) override {}

 private:
  Dynamics& f_;
  std::size_t states_;
  TensorList wanted_;
};

class Adjoint {
 public:
  Adjoint(Sweep& sweep, const TensorList& states, const TensorList& cotangents)
      : sweep_(sweep),
        states_(states),
        count_(states.size()),
        outputs_(sweep.landings, cotangents),
        dynamics_(*sweep.dynamics, count_, sweep.parameters),
        a_times_(sweep.landings.times.size() + 1),
        a_interpolated_(sweep.landings.interpolated.size()),
        random_(states[0].device()) {
    for (const auto& z0 : sweep.z0) a_.push_back(at::zeros_like(z0.value(), at::MemoryFormat::Preserve));
    for (const auto& parameter : sweep.parameters) a_parameters_.push_back(at::zeros_like(parameter.detach()));
  }

  ReverseResult run() {
    const auto stops = all_stops();
    TensorList z;
    for (auto stop = stops.rbegin(); stop != stops.rend(); ++stop) {
      const double to = std::next(stop) != stops.rend() ? std::next(stop)->time : sweep_.landings.t0;
      z = state_at(*stop);
      join(*stop, z);
      if (stop->time != to) z = solve_back(stop->time, to, std::move(z));
    }
    if (sweep_.wants_times && !stops.empty()) a_times_[0] -= dot_with_f(a_, sweep_.landings.t0, start_state(std::move(z)));
    const auto at_t0 = outputs_.of(-1);
    if (!at_t0.empty()) add(at_t0);
    sweep_.statistics->nfe_backward = evaluations_;
    return {std::move(a_), std::move(a_parameters_), std::move(a_times_), std::move(a_interpolated_)};
  }

 private:
  /// The time of an output after t0.
  struct Stop {
    double time;
    std::int64_t landing;  ///< or Landings::inside
    std::int64_t row;      ///< in t_eval, or -1 where that was not given
    double* a_time;        ///< where dL/dt goes
  };

  /// In order. After the last one every cotangent is zero.
  std::vector<Stop> all_stops() {
    const auto& landings = sweep_.landings;
    std::vector<Stop> stops;
    for (std::size_t i = 0; i < landings.interpolated.size(); ++i)
      stops.push_back({landings.interpolated[i].time, Landings::inside, landings.interpolated[i].row, &a_interpolated_[i]});
    for (std::size_t i = 0; i < landings.times.size(); ++i) {  // where states are interpolated, t1 alone
      const auto output = std::find(landings.outputs.begin(), landings.outputs.end(), static_cast<std::int64_t>(i));
      if (output != landings.outputs.end())
        stops.push_back({landings.times[i], *output, output - landings.outputs.begin(), &a_times_[i + 1]});
      else if (!landings.trajectory)
        stops.push_back({landings.times[i], static_cast<std::int64_t>(i), -1, &a_times_[i + 1]});
    }
    return stops;
  }

  /// What was given out there.
  TensorList state_at(const Stop& stop) const {
    if (stop.row < 0) return states_;
    TensorList known;
    for (const auto& state : states_) known.push_back(state.select(0, stop.row));
    return known;
  }

  /// z0, or what was solved back to where it has been changed since.
  TensorList start_state(TensorList solved) const {
    TensorList known;
    for (const auto& z0 : sweep_.z0)
      if (z0.unchanged()) known.push_back(z0.value());
    return known.size() == count_ ? known : solved;
  }

  void add(const TensorList& cotangents) {
    for (std::size_t i = 0; i < count_; ++i)
      if (cotangents[i].defined()) a_[i] = a_[i] + cotangents[i];
  }

  /// The cotangent g of the output at a stop: a += g, dL/dt += <g, f>.
  void join(const Stop& stop, const TensorList& z) {
    const auto cotangents = stop.landing >= 0 ? outputs_.of(stop.landing) : outputs_.of_row(stop.row);
    add(cotangents);
    if (sweep_.wants_times) *stop.a_time += dot_with_f(cotangents, stop.time, z);
  }

  double dot_with_f(const TensorList& a, double t, const TensorList& z) {
    const auto u = sweep_.dynamics->eval(time_tensor(t, z), z);
    drop_kept_casts(z[0].device().type());
    ++evaluations_;
    double sum = 0;
    for (std::size_t i = 0; i < count_; ++i)
      if (a[i].defined()) sum += a[i].to(at::kDouble).mul(u[i].to(at::kDouble)).sum().item<double>();
    return sum;
  }

  TensorList solve_back(double from, double to, TensorList z) {
    TensorList joint(std::move(z));
    joint.insert(joint.end(), a_.begin(), a_.end());
    joint.insert(joint.end(), a_parameters_.begin(), a_parameters_.end());
    const auto solver = sweep_.solver();
    SweepNeeds needs;
    needs.adaptive = needs.keep = sweep_.options.steps.step_size == 0;
    needs.every_state = false;
    const auto stepper = solver->stepper(dynamics_, random_, from, to, joint, needs, {});
    if (sweep_.options.adjoint_seminorm) stepper->measure_first(2 * count_);
    Grid grid;
    drive(*stepper, from, {to}, sweep_.options.steps, grid);
    evaluations_ += stepper->evaluations();
    sweep_.statistics->jacobian_products_backward += stepper->work().jacobian_products;
    auto solved = stepper->z_of(stepper->state());
    const auto a_begin = solved.begin() + static_cast<std::ptrdiff_t>(count_), a_end = a_begin + static_cast<std::ptrdiff_t>(count_);
    a_.assign(a_begin, a_end);
    a_parameters_.assign(a_end, solved.end());
    return {solved.begin(), a_begin};
  }

  Sweep& sweep_;
  const TensorList& states_;
  std::size_t count_;
  OutputCotangents outputs_;
  AdjointDynamics dynamics_;
  TensorList a_, a_parameters_;
  std::vector<double> a_times_, a_interpolated_;
  RandomReplay random_;  ///< of its own: the adjoint ODE meets f at other times than the forward sweep did
  std::int64_t evaluations_ = 0;
};

}  // namespace

ReverseResult adjoint_sweep(Sweep& sweep, const TensorList& states, const TensorList& cotangents) {
  try {
    return Adjoint(sweep, states, cotangents).run();
  } catch (const Error& error) {
    fail(error.status(), "the adjoint ODE, solved backward: ", error.what(),
         "; or differentiate the steps that were made, by pnode or aca: where f damps, the adjoint ODE is stiffer backward");
  }
}

}  // namespace neuralode
