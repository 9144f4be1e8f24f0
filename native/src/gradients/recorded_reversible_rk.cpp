// Source of the formulas: solvers/reversible_rk.h.
#include <ATen/ATen.h>

#include <cmath>

#include "gradients/recorded_rk.h"
#include "solvers/alf_kernels.h"

namespace neuralode {

namespace {

/// state_.z is y, state_.v its companion.
class RecordedReversibleRk final : public RecordedRk {
 public:
  RecordedReversibleRk(const Problem& problem, const Landings& landings)
      : RecordedRk(problem, landings), adaptive_(problem.options.steps.step_size == 0) {
    state_.v = state_.z;
  }

  double error(double rtol, double atol) override {
    const double estimate = RecordedRk::error(rtol, atol);
    if (estimate <= 1) second_half();
    return all_finite(plain(tried_.v)) ? estimate : INFINITY;
  }

  void accept() override {
    RecordedStepper::accept();
    has_start_ = false;
  }

 protected:
  void advance(const at::Tensor& start, const at::Tensor& length) override {
    start_ = start;
    length_ = length;
    evaluate_start(start, state_.v);
    u_.resize(adaptive_ ? tableau_.stages() : tableau_.used_stages());
    evaluate_stages(start, length, state_.v, u_);
    const double c = coupling_of(problem_.options);
    TensorList mean;
    for (std::size_t i = 0; i < state_.z.size(); ++i) mean.push_back(c * state_.z[i] + (1 - c) * state_.v[i]);
    const auto h = length.to(mean[0].scalar_type());
    tried_ = {moved(mean, h, tableau_.b, u_), {}};
    if (!adaptive_) second_half();
  }

 private:
  /// z' = z - Psi_-h(t + h, y').
  void second_half() {
    const auto end = start_ + length_;
    std::vector<TensorList> u(tableau_.used_stages());
    u[0] = evaluate(end, tried_.z);
    evaluate_stages(end, -length_, tried_.z, u);
    tried_.v = moved(state_.v, length_.to(state_.v[0].scalar_type()), tableau_.b, u);
  }

  bool adaptive_;
  at::Tensor start_, length_;
};

}  // namespace

std::unique_ptr<RecordedStepper> make_recorded_reversible_rk(const Problem& problem, const Landings& landings) {
  return std::make_unique<RecordedReversibleRk>(problem, landings);
}

}  // namespace neuralode
