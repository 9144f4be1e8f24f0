// Implicit steps for backprop: the stages are solved for without a graph, then corrected by two recorded Newton iterations with the exact
// Jacobian, whose first and second derivatives are those of the solution. Source of the formulas: solvers/implicit_runge_kutta.h.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <utility>

#include "core/error.h"
#include "gradients/recorded.h"
#include "gradients/snapshots.h"
#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"
#include "solvers/implicit_runge_kutta.h"
#include "solvers/rk_kernels.h"
#include "tensors/flat.h"
#include "tensors/layout.h"

namespace neuralode {

namespace {

/// unflat, recorded.
TensorList parts_of(const at::Tensor& vector, const TensorList& like) {
  TensorList parts;
  std::int64_t begin = 0;
  for (const auto& tensor : like) {
    parts.push_back(vector.narrow(0, begin, tensor.numel()).reshape(tensor.sizes()).to(tensor.scalar_type()));
    begin += tensor.numel();
  }
  return parts;
}

/// du/dz (n, n), recorded.
at::Tensor recorded_jacobian(const TensorList& u, const TensorList& z) {
  const auto count = flat(z).numel();
  TensorList rows;
  for (std::int64_t i = 0; i < count; ++i) {
    auto unit = at::zeros({count}, flat(z).options().requires_grad(false));
    unit[i] = 1;
    TensorList recorded, along;
    const auto units = parts_of(unit, z);
    for (std::size_t j = 0; j < u.size(); ++j) {
      if (!u[j].requires_grad()) continue;
      recorded.push_back(u[j]);
      along.push_back(units[j]);
    }
    auto row = recorded.empty()
                   ? TensorList(z.size())
                   : torch::autograd::grad(recorded, z, along, /*retain_graph=*/true, /*create_graph=*/true, /*allow_unused=*/true);
    for (std::size_t j = 0; j < z.size(); ++j)
      if (!row[j].defined()) row[j] = at::zeros_like(z[j]);
    rows.push_back(flat(row));
  }
  return at::stack(rows);
}

class RecordedImplicit final : public RecordedStepper {
 public:
  RecordedImplicit(const Problem& problem, const Landings& landings)
      : RecordedStepper(problem, landings),
        tableau_(implicit_tableau_of(problem.options.solver)),
        settings_(newton_settings(problem.options.newton, problem.options.steps, epsilon_of(problem.z0[0].scalar_type()))),
        apart_(steps_apart(*problem.dynamics, tableau_)),
        stages_(
            *problem.dynamics, tableau_, settings_,
            [this](bool, const std::function<void()>& evaluation) {
              count_evaluation();
              evaluation();
            },
            work_) {
    std::int64_t count = 0;
    for (const auto& z : problem.z0) count += z.numel();
    if (count > settings_.dense_limit)
      fail(Status::unsupported, "gradient: backprop (1) through implicit steps records the whole Jacobian, and the state has ", count,
           " elements, more than dense_jacobian_limit = ", settings_.dense_limit, "; choose pnode (6), or raise the limit");
  }

  double error_order() const override { return tableau_.error_order; }

  double initial_step_size(double rtol, double atol, double span) override {
    const at::NoGradGuard not_recording;
    const auto z = plain(state_.z);
    const auto slope = [&](double later, const TensorList& at) { return plain(evaluate(segment_start_ + later, at)); };
    const auto f0 = slope(0, z);
    require_finite_start(f0);
    return hairer_first_step(z, f0, slope, landings_.times.back() < landings_.t0 ? -1 : 1, rtol, atol, span, tableau_.error_order,
                             z.size());
  }

  double error(double rtol, double atol) override {
    const at::NoGradGuard not_recording;
    TensorList e;
    if (result_ != ImplicitStages::Result::fine || !stages_.error(h_, e)) return INFINITY;
    return scaled_error_norm(e, plain(state_.z), plain(tried_.z), rtol, atol);
  }

  void require_acceptable() const override {
    if (result_ == ImplicitStages::Result::no_convergence)
      fail(Status::no_convergence, "the equations of the implicit step at t = ", t_, ", h = ", h_, ", ", stages_.remedy(plain(state_.z)));
    RecordedStepper::require_acceptable();
  }

  void accept() override {
    RecordedStepper::accept();
    has_start_ = false;
  }

  void retract() override {
    RecordedStepper::retract();
    has_start_ = true;
  }

  ImplicitWork work() const override { return work_; }

 protected:
  void advance(const at::Tensor& start, const at::Tensor& length) override {
    const auto z = plain(state_.z);
    {
      const at::NoGradGuard not_recording;
      if (!std::exchange(has_start_, true)) stages_.begin(start.item<double>(), z);
      result_ = stages_.run(start.item<double>(), length.item<double>(), z, z_next_);
    }
    tried_ = {};
    const bool finite = result_ != ImplicitStages::Result::non_finite;
    for (const auto& tensor : finite ? z_next_ : z) tried_.z.push_back(finite ? tensor.clone() : at::full_like(tensor, NAN));
    k_ = stages_.k();
    u_ = stages_.evaluated();
    l_ = stages_.l();
    if (result_ == ImplicitStages::Result::fine && at::GradMode::is_enabled()) record(start, length);
  }

  TensorList inside(const at::Tensor& theta) const override {
    const auto s = theta.to(state_.z[0].scalar_type()), h = length_.to(state_.z[0].scalar_type());
    auto z = before_.z;
    if (!tableau_.starts_explicitly())
      for (std::size_t i = 0; i < z.size(); ++i) z[i] = z[i] + s * (state_.z[i] - z[i]);
    const auto polynomials = tableau_.starts_explicitly() ? hermite_interpolant(tableau_.b) : Interpolant{};
    for (std::size_t j = 0; j < polynomials.size(); ++j) {
      auto weight = at::zeros_like(s);
      for (auto m = polynomials[j].size(); m-- > 0;) weight = s * (polynomials[j][m] + weight);
      for (std::size_t i = 0; i < z.size(); ++i) z[i] = z[i] + h * weight * (apart_ ? k_[j][i] + l_[j][i] : k_[j][i]);
    }
    return z;
  }

 private:
  void record(const at::Tensor& start, const at::Tensor& length) {
    k_.assign(tableau_.stages(), {});
    l_.assign(tableau_.stages(), {});
    auto solved = stages_.solved().begin();
    const auto count = static_cast<std::ptrdiff_t>(state_.z.size());
    for (std::size_t i = 0; i < tableau_.stages(); ++i) {
      const auto t = (start + tableau_.c[i] * length).to(state_.z[0].options().requires_grad(false));
      const auto base =
          moved(length, {tableau_.a[i].begin(), tableau_.a[i].end() - 1}, apart_ ? tableau_.explicit_a[i] : std::vector<double>{});
      auto z = base;
      if (tableau_.a[i].back() == 0) {
        k_[i] = implicit_part().eval(t, z);
      } else {
        const auto scale = (length * tableau_.a[i].back()).to(flat(base).scalar_type());
        const auto y = corrected(t, base, scale, flat(TensorList(solved, solved + count)) - flat(base).detach());
        solved += count;
        k_[i] = parts_of(y / scale, base);
        z = parts_of(flat(base) + y, base);
      }
      if (apart_) l_[i] = problem_.dynamics->explicit_part()->eval(t, z);
    }
    tried_.z = moved(length, tableau_.b, apart_ ? tableau_.b : std::vector<double>{});
  }

  /// y = scale f(t, base + y), recorded, from its value.
  at::Tensor corrected(const at::Tensor& t, const TensorList& base, const at::Tensor& scale, at::Tensor y) {
    const bool twice = implicit_part().twice_differentiable();
    for (int iteration = 0; iteration < (twice ? 2 : 1); ++iteration) {
      auto z = parts_of(flat(base) + y, base);
      for (auto& tensor : z)
        if (!tensor.requires_grad()) tensor = tensor.detach().requires_grad_(true);
      const auto u = implicit_part().eval(t, z);
      const auto jacobian = twice ? recorded_jacobian(u, z) : implicit_part().jacobian(t, plain(z)).second;
      const auto matrix = at::eye(y.numel(), y.options().requires_grad(false)) - scale * jacobian;
      y = y - at::linalg_solve(matrix, (y - scale * flat(u)).unsqueeze(1)).squeeze(1);
    }
    return y;
  }

  Dynamics& implicit_part() { return apart_ ? problem_.dynamics->implicit_part() : *problem_.dynamics; }

  /// z + h sum of weights[j] k_j + h sum of explicit_weights[j] l_j.
  TensorList moved(const at::Tensor& length, const std::vector<double>& weights, const std::vector<double>& explicit_weights) const {
    const auto h = length.to(state_.z[0].scalar_type());
    auto result = state_.z;
    for (std::size_t i = 0; i < result.size(); ++i) {
      for (std::size_t j = 0; j < weights.size(); ++j)
        if (weights[j] != 0) result[i] = result[i] + h * weights[j] * k_[j][i];
      for (std::size_t j = 0; j < explicit_weights.size(); ++j)
        if (explicit_weights[j] != 0) result[i] = result[i] + h * explicit_weights[j] * l_[j][i];
    }
    return result;
  }

  const ImplicitTableau& tableau_;
  NewtonSettings settings_;
  bool apart_;
  ImplicitWork work_;
  ImplicitStages stages_;
  ImplicitStages::Result result_ = ImplicitStages::Result::fine;
  TensorList z_next_;
  std::vector<TensorList> k_, l_;
  bool has_start_ = false;
};

}  // namespace

std::unique_ptr<RecordedStepper> make_recorded_implicit(const Problem& problem, const Landings& landings) {
  return std::make_unique<RecordedImplicit>(problem, landings);
}

}  // namespace neuralode
