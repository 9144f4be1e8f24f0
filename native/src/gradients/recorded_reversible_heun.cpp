// Source of the formulas: solvers/reversible_heun.h.
#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"
#include "gradients/recorded.h"
#include "solvers/alf_kernels.h"
#include "solvers/first_step.h"
#include "solvers/rk_kernels.h"

namespace neuralode {

namespace {

/// state_.v is yhat; f lies beside it.
class RecordedReversibleHeun final : public RecordedStepper {
 public:
  using RecordedStepper::RecordedStepper;

  void start() override {
    RecordedStepper::start();
    state_.v = state_.z;
    f_ = evaluate(segment_start_, state_.z);
    for (std::size_t i = 0; i < f_.size(); ++i)
      if (!all_finite(plain({f_[i]})))
        fail(Status::non_finite, "f(t0, z0) has infinite or NaN elements in state ", i, "; check the dynamics at t0 = ", landings_.t0);
  }

  double error_order() const override { return 2; }
  double initial_step_size(double rtol, double atol, double span) override {
    return first_step_size(plain(state_.z), plain(f_), rtol, atol, span);
  }

  double error(double rtol, double atol) override {
    const auto z_next = plain(tried_.z);
    if (!all_finite(z_next) || !all_finite(plain(tried_.v))) return INFINITY;
    TensorList e;
    for (std::size_t i = 0; i < f_.size(); ++i) e.push_back((h_ / 2 * (u_[0][i].detach() - f_[i].detach())).contiguous());
    return all_finite(e) ? scaled_error_norm(e, plain(state_.z), z_next, rtol, atol) : INFINITY;
  }

  void accept() override {
    RecordedStepper::accept();
    f_ = u_[0];
  }

 protected:
  void advance(const at::Tensor& start, const at::Tensor& length) override {
    const auto h = length.to(state_.z[0].scalar_type());
    tried_ = {};
    for (std::size_t i = 0; i < f_.size(); ++i) tried_.v.push_back(2 * state_.z[i] - state_.v[i] + h * f_[i]);
    u_ = {evaluate(start + length, tried_.v)};
    for (std::size_t i = 0; i < f_.size(); ++i) tried_.z.push_back(state_.z[i] + h / 2 * (f_[i] + u_[0][i]));
  }

 private:
  TensorList f_;
};

}  // namespace

std::unique_ptr<RecordedStepper> make_recorded_reversible_heun(const Problem& problem, const Landings& landings) {
  return std::make_unique<RecordedReversibleHeun>(problem, landings);
}

}  // namespace neuralode
