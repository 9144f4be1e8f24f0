#include <gtest/gtest.h>

#include "dynamics/mlp_dynamics.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::HasSubstr;

/// Two layers of z (3, 4), of width 5, with t as an input or not.
struct Layers {
  explicit Layers(bool with_time)
      : w1(wave({5, with_time ? 5 : 4}, 0.3).requires_grad_()),
        b1(wave({5}, 0.2).requires_grad_()),
        w2(wave({4, 5}, 0.1).requires_grad_()),
        b2(wave({4}, 0.4).requires_grad_()),
        with_time(with_time) {}
  std::shared_ptr<Dynamics> mlp() const { return std::make_shared<MlpDynamics>(TensorList{w1, w2}, TensorList{b1, b2}, with_time); }
  std::shared_ptr<Dynamics> recorded() const {
    return dynamics(
        [*this](const at::Tensor& t, const TensorList& z) {
          const auto x = with_time ? at::cat({z[0], t.expand({3, 1})}, 1) : z[0];
          return TensorList{at::linear(at::linear(x, w1, b1).tanh(), w2, b2)};
        },
        {w1, b1, w2, b2});
  }
  at::Tensor w1, b1, w2, b2;
  bool with_time;
};

TEST(Mlp, PullbackByHandIsThatOfAutograd) {
  for (const bool with_time : {false, true}) {
    const Layers layers(with_time);
    for (const auto gradient : {GradientKind::mali, GradientKind::aca, GradientKind::backprop}) {
      const auto options = fixed_steps(0.15, 1, gradient);
      const auto by_hand = differentiate({layers.mlp(), {wave({3, 4})}, 0.1, 1, {0.4, 1}}, options);
      const auto recorded = differentiate({layers.recorded(), {wave({3, 4})}, 0.1, 1, {0.4, 1}}, options);
      EXPECT_LE(gap(by_hand, recorded), 1e-12);  // the same products in another order
    }
  }
}

TEST(Mlp, ASharedLayerHasTheSumOfItsGradients) {
  const auto w = wave({4, 4}, 0.3, 0.5).requires_grad_(), b = wave({4}, 0.1).requires_grad_();
  const auto mlp = std::make_shared<MlpDynamics>(TensorList{w, w}, TensorList{b, b}, false);
  const auto plain = [w, b](const at::Tensor&, const TensorList& z) { return TensorList{at::linear(at::linear(z[0], w, b).tanh(), w, b)}; };
  const auto options = fixed_steps(0.15);
  EXPECT_LE(gap(differentiate({mlp, {wave({3, 4})}}, options), differentiate({dynamics(plain, {w, b}), {wave({3, 4})}}, options)), 1e-12);
}

TEST(Mlp, LayersThatDoNotFitAreNamed) {
  const auto w = wave({4, 4}), b = wave({4});
  const auto text = [](TensorList weights, TensorList biases, bool with_time = false) {
    return error_text(Status::invalid_argument, [&] { MlpDynamics(std::move(weights), std::move(biases), with_time); });
  };
  EXPECT_THAT(text({w}, {}), HasSubstr("biases"));
  EXPECT_THAT(text({w, wave({4, 3})}, {b, b}), HasSubstr("weights[1]: [4, 3] does not fit; give (outputs, 4)"));
  EXPECT_THAT(text({w}, {wave({3})}), HasSubstr("biases[0]: [3] does not fit; give (4,)"));
  EXPECT_THAT(text({w}, {b}, true), HasSubstr("the last has 4 outputs, and the state has 3 features"));
}

}  // namespace
}  // namespace neuralode::testing
