// Source of the formulas: solvers/alf.h.
#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"
#include "gradients/recorded.h"
#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"

namespace neuralode {

namespace {

class RecordedAlf final : public RecordedStepper {
 public:
  using RecordedStepper::RecordedStepper;

  void start() override {
    RecordedStepper::start();
    state_.v = evaluate(segment_start_, state_.z);
    for (std::size_t i = 0; i < state_.v.size(); ++i)
      if (!all_finite(plain({state_.v[i]})))
        fail(Status::non_finite, "f(t0, z0) has infinite or NaN elements in state ", i, "; check the dynamics at t0 = ", landings_.t0);
  }

  double error_order() const override { return 2; }
  double initial_step_size(double rtol, double atol, double span) override {
    return first_step_size(plain(state_.z), plain(state_.v), rtol, atol, span);
  }

  double error(double rtol, double atol) override {
    const auto z_next = plain(tried_.z);
    return all_finite(z_next) ? alf_error_norm(plain(state_.z), z_next, plain(u_[0]), plain(state_.v), h_, rtol, atol) : INFINITY;
  }

 protected:
  void advance(const at::Tensor& start, const at::Tensor& length) override {
    const auto half = (length / 2).to(state_.z[0].scalar_type());
    const double eta = problem_.options.eta;
    TensorList k;
    for (std::size_t i = 0; i < state_.z.size(); ++i) k.push_back(state_.z[i] + half * state_.v[i]);
    u_ = {evaluate(start + length / 2, k)};
    tried_ = {};
    for (std::size_t i = 0; i < k.size(); ++i) {
      tried_.v.push_back((1 - 2 * eta) * state_.v[i] + 2 * eta * u_[0][i]);
      tried_.z.push_back(k[i] + half * tried_.v[i]);
    }
  }

  TensorList inside(const at::Tensor& theta) const override {
    const auto s = theta.to(state_.z[0].scalar_type()), h = length_.to(state_.z[0].scalar_type());
    const auto rise = s * s * (3 - 2 * s);
    TensorList z;
    for (std::size_t i = 0; i < state_.z.size(); ++i)
      z.push_back(before_.z[i] + rise * (state_.z[i] - before_.z[i]) + h * s * (1 - s) * ((1 - s) * before_.v[i] - s * state_.v[i]));
    return z;
  }
};

}  // namespace

std::unique_ptr<RecordedStepper> make_recorded_alf(const Problem& problem, const Landings& landings) {
  return std::make_unique<RecordedAlf>(problem, landings);
}

}  // namespace neuralode
