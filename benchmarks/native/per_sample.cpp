// What steps per sample cost and give against one step for the whole batch, on oscillators of mixed stiffness, measured side by side in one
// run. Usage: per_sample [threads = 1] [rounds = 5]
//
// Van der Pol's x' = y, y' = mu (1 - x^2) y - x in float64, 64 samples from points spread around (0, 0), each with its own mu, which is a
// parameter: solve over [0, 10] and differentiate the sum of the end states. nfe: evaluations of f on the whole batch, forward and
// (linearised) backward. steps: accepted and rejected; of samples, their totals. error: of the end states against dopri8 at 1e-11. ratio:
// time of per-sample over joint, median of rounds.
#include "workloads.h"

namespace {

using namespace neuralode;
using namespace neuralode::benchmarks;

struct Problem {
  std::shared_ptr<Dynamics> f;
  at::Tensor z0;
};

Problem van_der_pol(double least, double largest) {
  constexpr std::int64_t batch = 64;
  const auto mu = at::logspace(std::log10(least), std::log10(largest), batch, 10, at::kDouble).unsqueeze(1).requires_grad_();
  const auto phase = at::arange(batch, at::kDouble).mul_(2.4);  // neighbours far apart: the golden angle
  const auto f = [mu](const at::Tensor&, const TensorList& z) {
    const auto x = z[0].narrow(1, 0, 1), y = z[0].narrow(1, 1, 1);
    return TensorList{at::cat({y, mu * (1 - x * x) * y - x}, 1)};
  };
  return {std::make_shared<FunctionDynamics>(f, TensorList{mu}, TensorList{}), at::stack({2 * phase.cos(), phase.sin()}, 1)};
}

struct Measured {
  Statistics statistics;
  at::Tensor state;
  std::vector<double> times;
};

at::Tensor solved(const Problem& problem, const SolveOptions& options, Statistics* statistics) {
  const auto z0 = problem.z0.detach().requires_grad_(true);
  const auto solution = solve({problem.f, {z0}, at::scalar_tensor(0.0, at::kDouble), at::scalar_tensor(10.0, at::kDouble), {}, options});
  if (options.gradient != GradientKind::none) solution.states[0].sum().backward();
  if (statistics != nullptr) *statistics = *solution.statistics;
  return solution.states[0].detach();
}

void print(const char* name, const Measured& measured, const at::Tensor& reference, double ratio) {
  const auto& s = measured.statistics;
  std::printf("  %-10s  nfe %6lld + %6lld   steps %7lld + %6lld rejected   error %.1e   %9.2f ms   ratio %.3f\n", name,
              static_cast<long long>(s.nfe_forward), static_cast<long long>(s.nfe_backward), static_cast<long long>(s.steps_accepted),
              static_cast<long long>(s.steps_rejected), (measured.state - reference).abs().max().item<double>(), median(measured.times),
              ratio);
}

void compare(const char* name, double least, double largest, SolverKind solver, GradientKind gradient, int rounds, double eta = 1) {
  const auto problem = van_der_pol(least, largest);
  SolveOptions exact;
  exact.solver = SolverKind::dopri8;
  exact.gradient = GradientKind::none;
  exact.per_sample = true;
  exact.steps.rtol = exact.steps.atol = 1e-11;
  const auto reference = solved(problem, exact, nullptr);

  Measured joint, own;
  std::vector<double> ratios;
  SolveOptions options;
  options.solver = solver;
  options.gradient = gradient;
  options.eta = eta;
  options.steps.rtol = options.steps.atol = 1e-4;
  for (int round = -1; round < rounds; ++round) {  // one to warm up
    double times[2];
    for (const bool per_sample : {false, true}) {
      options.per_sample = per_sample;
      auto& measured = per_sample ? own : joint;
      times[per_sample] = milliseconds([&] { measured.state = solved(problem, options, &measured.statistics); });
      if (round >= 0) measured.times.push_back(times[per_sample]);
    }
    if (round >= 0) ratios.push_back(times[1] / times[0]);
  }
  std::printf("%s, mu %g to %g, batch 64\n", name, least, largest);
  print("joint", joint, reference, 1);
  print("per sample", own, reference, median(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = prepare(argc, argv, "float64", 5);
  compare("dopri5, pnode", 1, 50, SolverKind::dopri5, GradientKind::pnode, rounds);
  compare("tsit5, pnode", 1, 10, SolverKind::tsit5, GradientKind::pnode, rounds);
  compare("alf with eta 0.95, mali", 0.1, 5, SolverKind::alf, GradientKind::mali, rounds, 0.95);
  return 0;
}
