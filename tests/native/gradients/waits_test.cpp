// How often the host waits for a GPU. The emulated one counts it (tests/emulated_gpu/run.sh).
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "support/on_gpu.h"

namespace neuralode::testing {
namespace {

class Waits : public ::testing::Test {
 protected:
  void SetUp() override {
    if (counter_ == nullptr) GTEST_SKIP() << "needs the emulated GPU, which counts waits: tests/emulated_gpu/run.sh";
  }

  /// Of a solve from 0 to t1 and its reverse sweep, and how many steps were tried.
  std::pair<long, std::int64_t> of(const SolveOptions& options, double t1) const {
    const auto mlp = on_gpu(Mlp());
    const auto f = mlp.dynamics();
    const auto z = wave({3, 4}, 0.7).to(at::kCUDA).requires_grad_();
    const long before = counter_();
    const auto solution = solve({f, {z}, time_of(0), time_of(t1), {}, options});
    torch::autograd::grad({solution.states[0].sum()}, {z});
    return {counter_() - before, solution.statistics->steps_accepted + solution.statistics->steps_rejected};
  }

 private:
  using Counter = long (*)();
  Counter counter_ = reinterpret_cast<Counter>(dlsym(RTLD_DEFAULT, "neuralode_emulated_waits"));
};

TEST_F(Waits, AreAsManyForManyFixedStepsAsForFew) {
  for (const auto gradient : {GradientKind::mali, GradientKind::pnode}) {
    const auto few = of(fixed_steps(0.1, 1, gradient), 1), many = of(fixed_steps(0.01, 1, gradient), 1);
    EXPECT_EQ(few.second, 10);
    EXPECT_EQ(many.second, 100);
    EXPECT_EQ(few.first, many.first);
  }
}

TEST_F(Waits, AreOneForEachAdaptiveTrial) {
  for (const auto solver : {SolverKind::alf, SolverKind::dopri5}) {
    auto options = adaptive_steps(1e-4, 1e-4, solver == SolverKind::alf ? GradientKind::mali : GradientKind::pnode);
    options.solver = solver;
    const auto few = of(options, 1), many = of(options, 10);
    EXPECT_GT(many.second, few.second);
    EXPECT_EQ(many.first - few.first, many.second - few.second);
  }
}

}  // namespace
}  // namespace neuralode::testing
