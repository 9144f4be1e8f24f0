#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "dynamics/callback_dynamics.h"
#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// u = sin(z w) + t, and its pullback by hand.
struct ByHand {
  at::Tensor w = wave({4}, 0.3).requires_grad_();
  TensorList eval(const at::Tensor& t, const TensorList& z) const { return {(z[0] * w.detach()).sin() + t}; }
  std::pair<TensorList, InputCotangents> vjp(const at::Tensor& t, const TensorList& z, const TensorList& a_u) const {
    const auto slope = (z[0] * w.detach()).cos() * a_u[0];
    return {eval(t, z), {a_u[0].sum(), {slope * w.detach()}, {(slope * z[0]).sum(0)}}};
  }
};

std::shared_ptr<CallbackDynamics> callback(VjpFunction vjp, const ByHand& by_hand, TensorList parameters) {
  return std::make_shared<CallbackDynamics>([by_hand](const at::Tensor& t, const TensorList& z) { return by_hand.eval(t, z); },
                                            std::move(vjp), std::move(parameters), TensorList{});
}

VjpFunction plain_vjp(const ByHand& by_hand) {
  return [by_hand](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t) { return by_hand.vjp(t, z, a_u); };
}

/// The cotangents of a right vjp, changed by `change`.
VjpFunction changed_vjp(const ByHand& by_hand, std::function<void(TensorList&, InputCotangents&)> change) {
  return [by_hand, change](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t) {
    auto result = by_hand.vjp(t, z, a_u);
    change(result.first, result.second);
    return result;
  };
}

Gradients gradients(const std::shared_ptr<Dynamics>& f, GradientKind kind = GradientKind::mali) {
  return differentiate({f, {wave({3, 4})}, 0.1, 1, {0.4, 1}}, fixed_steps(0.15, 0.9, kind));
}

TEST(CallbackVjp, EqualsAutogradByBothMethods) {
  const ByHand by_hand;
  const auto recorded =
      dynamics([w = by_hand.w](const at::Tensor& t, const TensorList& z) { return TensorList{(z[0] * w).sin() + t}; }, {by_hand.w});
  const auto expected = gradients(recorded, GradientKind::backprop);
  const auto f = callback(plain_vjp(by_hand), by_hand, {by_hand.w});
  EXPECT_LE(gap(gradients(f), expected), 1e-9);
  EXPECT_LE(gap(gradients(f, GradientKind::backprop), expected), 1e-9);
}

TEST(CallbackVjp, IsCalledOncePerReverseStepAndEvalNever) {
  const ByHand by_hand;
  int evals = 0, vjps = 0;
  const auto f = std::make_shared<CallbackDynamics>(
      [&](const at::Tensor& t, const TensorList& z) {
        ++evals;
        return by_hand.eval(t, z);
      },
      [&](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t count) {
        ++vjps;
        EXPECT_EQ(count, 1u);
        EXPECT_FALSE(at::GradMode::is_enabled());
        return by_hand.vjp(t, z, a_u);
      },
      TensorList{by_hand.w}, TensorList{});
  differentiate({f, {wave({3, 4})}}, fixed_steps(0.1));
  EXPECT_EQ(evals, 11);
  EXPECT_EQ(vjps, 11);
}

TEST(CallbackVjp, MayWriteEveryResultToTheSameTensors) {
  const ByHand by_hand;
  const auto expected = [&](SolverKind solver, GradientKind kind, const std::shared_ptr<Dynamics>& f) {
    auto options = fixed_steps(0.15, 1, kind);
    options.solver = solver;
    return differentiate({f, {wave({3, 4})}, 0.1, 1, {0.4, 1}}, options);
  };
  const auto u = at::empty({3, 4}, at::kDouble), a_z = at::empty({3, 4}, at::kDouble);
  const auto keeps = std::make_shared<CallbackDynamics>(
      [=](const at::Tensor& t, const TensorList& z) {
        at::Tensor(u).copy_(by_hand.eval(t, z)[0]);
        return TensorList{u};
      },
      [=](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t) {
        auto result = by_hand.vjp(t, z, a_u);
        at::Tensor(u).copy_(result.first[0]);
        at::Tensor(a_z).copy_(result.second.a_z[0]);
        result.first = {u};
        result.second.a_z = {a_z};
        return result;
      },
      TensorList{by_hand.w}, TensorList{});
  const auto fresh = callback(plain_vjp(by_hand), by_hand, {by_hand.w});
  for (const auto solver : {SolverKind::rk4, SolverKind::dopri5, SolverKind::crank_nicolson})
    EXPECT_LE(gap(expected(solver, GradientKind::pnode, keeps), expected(solver, GradientKind::pnode, fresh)), 1e-12);
  EXPECT_LE(gap(expected(SolverKind::rk4, GradientKind::reversible, keeps), expected(SolverKind::rk4, GradientKind::reversible, fresh)),
            1e-12);
}

TEST(CallbackVjp, SlotsLeftOutAreZero) {
  const ByHand by_hand;
  const auto nothing = callback(changed_vjp(by_hand,
                                            [](TensorList&, InputCotangents& a) {
                                              a = {at::Tensor(), {at::Tensor()}, {at::Tensor()}};
                                            }),
                                by_hand, {by_hand.w});
  for (const auto kind : {GradientKind::mali, GradientKind::backprop}) {
    const auto result = differentiate({nothing, {wave({3, 4})}}, fixed_steps(0.1, 1, kind));
    EXPECT_LE(gap(result.a_z0[0], wave({3, 4}, 0.5)), 1e-15);  // z(1) = z0 + something that counts as constant
    EXPECT_TRUE(!result.a_parameters[0].defined() || gap(result.a_parameters[0], at::zeros({4}, at::kDouble)) == 0);
  }
}

TEST(CallbackVjp, FrozenParametersAreLeftOutAndSharedOnesAreSummed) {
  ByHand by_hand;
  const auto expected = gradients(callback(plain_vjp(by_hand), by_hand, {by_hand.w}));
  const auto both = [&](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t) {
    auto result = by_hand.vjp(t, z, a_u);
    result.second.a_parameters = {result.second.a_parameters[0] * 0.25, result.second.a_parameters[0] * 0.75};
    return result;
  };
  EXPECT_LE(gap(gradients(callback(both, by_hand, {by_hand.w, by_hand.w})), expected), 1e-12);
  by_hand.w.requires_grad_(false);
  const auto frozen = gradients(callback(plain_vjp(by_hand), by_hand, {by_hand.w}));
  EXPECT_TRUE(frozen.a_parameters.empty());
  EXPECT_LE(gap(frozen.a_z0, expected.a_z0), 1e-12);
}

TEST(CallbackVjp, WrongCotangentsAreNamed) {
  const ByHand by_hand;
  const auto text = [&](std::function<void(TensorList&, InputCotangents&)> change, GradientKind kind) {
    return error_text(Status::invalid_argument, [&] { gradients(callback(changed_vjp(by_hand, change), by_hand, {by_hand.w}), kind); });
  };
  for (const auto kind : {GradientKind::mali, GradientKind::backprop}) {
    EXPECT_THAT(text(
                    [](auto&, auto& a) {
                      a.a_z[0] = at::zeros({4, 3}, at::kDouble);
                    },
                    kind),
                AllOf(HasSubstr("a_z[0]"), HasSubstr("[4, 3]")));
    EXPECT_THAT(text([](auto&, auto& a) { a.a_z[0] = a.a_z[0].to(at::kFloat); }, kind), AllOf(HasSubstr("a_z[0]"), HasSubstr("Float")));
    EXPECT_THAT(text([](auto&, auto& a) { a.a_parameters[0] = at::zeros({}, at::kDouble); }, kind), HasSubstr("a_parameters[0]"));
    EXPECT_THAT(text([](auto&, auto& a) { a.a_t = at::zeros({1}, at::kDouble); }, kind), HasSubstr("a_t"));
    EXPECT_THAT(text([](auto& u, auto&) { u[0] = at::zeros({2}, at::kDouble); }, kind), HasSubstr("f returned shape [2]"));
  }
}

TEST(CallbackVjp, TheCotangentItIsGivenMayBeGivenBackOrKept) {
  TensorList kept, copies;
  const auto identity =
      std::make_shared<CallbackDynamics>([](const at::Tensor&, const TensorList& z) { return TensorList{z[0]}; },
                                         [&](const at::Tensor&, const TensorList& z, const TensorList& a_u, std::size_t) {
                                           kept.insert(kept.end(), {z[0], a_u[0]});
                                           copies.insert(copies.end(), {z[0].clone(), a_u[0].clone()});
                                           return std::make_pair(TensorList{z[0]}, InputCotangents{at::Tensor(), {a_u[0]}, {}});
                                         },
                                         TensorList{}, TensorList{});
  const auto plain = dynamics([](const at::Tensor&, const TensorList& z) { return TensorList{z[0]}; });
  EXPECT_LE(gap(gradients(identity), gradients(plain, GradientKind::backprop)), 1e-12);
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(identical(kept[i], copies[i])) << i;
}

TEST(CallbackVjp, ItsSecondDerivativeThrows) {
  const ByHand by_hand;
  const auto f = callback(plain_vjp(by_hand), by_hand, {by_hand.w});
  const auto z0 = wave({3, 4}).requires_grad_();
  const auto loss = loss_of(solve_plainly({f, {z0}}, fixed_steps(0.1, 1, GradientKind::backprop)).states);
  EXPECT_THAT(error_text(Status::unsupported, [&] { torch::autograd::grad({loss}, {z0}, {}, {}, true); }), HasSubstr("double backward"));
}

TEST(CallbackVjp, SeesTensorsWithoutAGraph) {
  const ByHand by_hand;
  int recorded = 0;
  const auto look = [&](const at::Tensor& t, const TensorList& z, const TensorList& a_u) {
    for (const auto* tensors : {&z, &a_u})
      for (const auto& tensor : *tensors) recorded += tensor.requires_grad();
    recorded += t.requires_grad();
  };
  for (const auto kind : {GradientKind::mali, GradientKind::backprop, GradientKind::adjoint, GradientKind::pnode}) {
    gradients(std::make_shared<CallbackDynamics>(
                  [&](const at::Tensor& t, const TensorList& z) {
                    look(t, z, {});
                    return by_hand.eval(t, z);
                  },
                  [&](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t) {
                    look(t, z, a_u);
                    return by_hand.vjp(t, z, a_u);
                  },
                  TensorList{by_hand.w}, TensorList{}),
              kind);
    EXPECT_EQ(recorded, 0) << static_cast<int>(kind);
  }
}

TEST(CallbackVjp, DrawsInBackwardWhatItDrewInForwardAndPutsBuffersBack) {
  TensorList forward, backward;
  const auto calls = at::zeros({}, at::kDouble);
  const auto draw = [calls](TensorList& draws) {
    calls.add_(1);
    draws.push_back(at::rand({3, 4}, at::kDouble));
    return draws.back();
  };
  const auto f = std::make_shared<CallbackDynamics>(
      [&](const at::Tensor&, const TensorList& z) { return TensorList{z[0] * draw(forward)}; },
      [&](const at::Tensor&, const TensorList& z, const TensorList& a_u, std::size_t) {
        const auto mask = draw(backward);
        return std::make_pair(TensorList{z[0] * mask}, InputCotangents{at::Tensor(), {a_u[0] * mask}, {}});
      },
      TensorList{}, TensorList{calls});
  differentiate({f, {wave({3, 4})}}, fixed_steps(0.25, 1, GradientKind::backprop));
  ASSERT_EQ(forward.size(), 5u);  // v0 and 4 steps
  ASSERT_EQ(backward.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(identical(forward[i], backward[4 - i])) << i;
  EXPECT_EQ(calls.item<double>(), 5);
}

TEST(CallbackDynamicsHandle, LivesAsLongAsAGraphThatUsesIt) {
  auto alive = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = alive;
  for (const auto kind : {GradientKind::mali, GradientKind::backprop}) {
    alive = std::make_shared<int>(0);
    const std::weak_ptr<int> watch = alive;
    const ByHand by_hand;
    auto f = callback(
        [by_hand, alive](const at::Tensor& t, const TensorList& z, const TensorList& a_u, std::size_t) { return by_hand.vjp(t, z, a_u); },
        by_hand, {by_hand.w});
    auto states = solve_plainly({f, {wave({3, 4})}}, fixed_steps(0.1, 1, kind)).states;
    f.reset();
    alive.reset();
    EXPECT_FALSE(watch.expired());
    loss_of(states).backward();
    states.clear();
    EXPECT_TRUE(watch.expired());
  }
}

TEST(Casting, OfDynamicsThatDoNotOwnTheirTensorsIsRefused) {
  const ByHand by_hand;
  EXPECT_THAT(error_text(Status::unsupported, [&] { callback(plain_vjp(by_hand), by_hand, {})->to_dtype(at::kFloat); }),
              HasSubstr("cast the tensors"));
  EXPECT_THAT(error_text(Status::unsupported, [&] { Mlp().dynamics()->to_dtype(at::kFloat); }), HasSubstr("cast the tensors"));
}

}  // namespace
}  // namespace neuralode::testing
