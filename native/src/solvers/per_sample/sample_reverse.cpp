#include "solvers/per_sample/sample_reverse.h"

#include <ATen/ATen.h>

#include "solvers/alf_arithmetic.h"
#include "solvers/per_sample/sample_sweeps.h"
#include "tensors/autocast.h"
#include "tensors/layout.h"

namespace neuralode {

SampleReplay::SampleReplay(Dynamics& dynamics, RandomReplay& random, std::unique_ptr<SampleMethod> method, const SolverState& start)
    : dynamics_(dynamics), random_(random), method_(std::move(method)), state_(copy_of(start)) {}

void SampleReplay::step(const Grid::Step& step) {
  const SampleMethod::Evaluate evaluate = [&](std::int64_t index, const std::vector<double>& t, const TensorList& z) {
    random_.replay(step.evaluation + index);
    auto u = dynamics_.eval(sample_times(t, z), z);
    drop_kept_casts(z[0].device().type());  // made without a graph, they must not serve a linearised evaluation
    return u;
  };
  method_->attempt(*step.samples, state_, /*estimates=*/false, evaluate);
  method_->accept(*step.samples, state_, evaluate);
}

void SampleTimes::add(const at::Tensor& a_t, double fraction) {
  if (!a_t.defined()) return;
  const auto values = a_t.detach().to(at::kDouble).contiguous();
  for (std::size_t b = 0; b < start_.size(); ++b) {
    const double value = values.data_ptr<double>()[b];
    start_[b] += value;
    h_[b] += fraction * value;
  }
}

std::vector<CotangentSweep::TimeCotangents> SampleTimes::take() const {
  std::vector<CotangentSweep::TimeCotangents> result;
  for (std::size_t b = 0; b < start_.size(); ++b) result.push_back({start_[b], h_[b], {}});
  return result;
}

std::unique_ptr<SampleMethod> make_sample_method(const SolverChoice& choice) {
  return choice.kind == SolverKind::alf ? make_sample_alf(choice.eta) : make_sample_rk(tableau_of(choice.kind));
}

namespace {

class SampleSolver final : public Solver {
 public:
  SampleSolver(const SolverChoice& choice, double span) : choice_(choice), alf_(make_float_alf(choice.eta, span)) {}

  std::unique_ptr<ForwardStepper> stepper(Dynamics&, RandomReplay&, double, double, const TensorList&, const SweepNeeds&, SweepObserver) override {
    return nullptr;
  }
  std::unique_ptr<Replay> replay(Dynamics& dynamics, RandomReplay& random, const SolverState& start) override {
    return std::make_unique<SampleReplay>(dynamics, random, make_sample_method(choice_), start);
  }
  std::unique_ptr<StepAdjoint> adjoint(Dynamics& dynamics, RandomReplay& random, const TensorList& z, TensorList parameters,
                                       bool wants_times) override {
    if (is_alf()) return std::make_unique<SampleAlfAdjoint>(dynamics, random, choice_.eta, z, std::move(parameters), wants_times);
    return std::make_unique<SampleRkAdjoint>(dynamics, random, tableau_of(choice_.kind), z, std::move(parameters), wants_times);
  }
  std::unique_ptr<StepInverse> inverse(Dynamics& dynamics, RandomReplay& random, const SolverState& end, TensorList parameters,
                                       bool wants_times) override {
    if (!is_alf()) return nullptr;
    return std::make_unique<SampleAlfInverse>(dynamics, random, choice_.eta, *alf_, end, std::move(parameters), wants_times);
  }
  SolverState start(Dynamics& dynamics, RandomReplay& random, double t0, TensorList z0) override {
    random.replay(0);
    auto v0 = owned(dynamics.eval(sample_times(std::vector<double>(static_cast<std::size_t>(z0[0].size(0)), t0), z0), z0), z0);
    drop_kept_casts(z0[0].device().type());
    return {std::move(z0), std::move(v0)};
  }
  double log_amplification() const override { return alf_->log_amplification(); }

 private:
  bool is_alf() const { return choice_.kind == SolverKind::alf; }

  const SolverChoice choice_;
  const std::unique_ptr<AlfArithmetic> alf_;  ///< for what it tells of drift
};

}  // namespace

std::unique_ptr<Solver> make_sample_solver(const SolverChoice& choice, double span) { return std::make_unique<SampleSolver>(choice, span); }

}  // namespace neuralode
