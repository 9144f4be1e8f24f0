// States of every layout, size and dtype; and what is refused.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "support/expect.h"
#include "support/ode.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::shared_ptr<Dynamics> elementwise() {
  return dynamics([](const at::Tensor& t, const TensorList& z) {
    TensorList u;
    for (const auto& tensor : z) u.push_back((tensor * 2 + t).sin());
    return u;
  });
}

/// State and gradient of a solve whose input is `z0` itself, not a dense copy.
std::pair<at::Tensor, at::Tensor> solved(const at::Tensor& z0, const std::vector<double>& t_eval = {}) {
  const auto leaf = z0.detach().requires_grad_();
  const auto solution = solve_plainly({elementwise(), {leaf}, 0, 1, t_eval}, fixed_steps(0.1));
  return {solution.states[0].detach(), torch::autograd::grad({loss_of(solution.states)}, {leaf})[0]};
}

void expect_as_contiguous(const at::Tensor& z0) {
  for (const auto& t_eval : {std::vector<double>{}, std::vector<double>{0, 0.5, 1}}) {
    const auto [state, gradient] = solved(z0, t_eval);
    const auto [expected_state, expected_gradient] = solved(z0.contiguous(), t_eval);
    EXPECT_LE(gap(state, expected_state), 1e-14);
    EXPECT_LE(gap(gradient, expected_gradient), 1e-14);
  }
}

TEST(StateLayout, ChannelsLastGivesTheSameAndKeepsItsLayout) {
  const auto z0 = wave({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast);
  expect_as_contiguous(z0);
  EXPECT_TRUE(solved(z0).first.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(StateLayout, TransposedSlicedAndExpandedGiveTheSame) {
  expect_as_contiguous(wave({3, 4}).t());
  expect_as_contiguous(wave({6, 8}).slice(1, 1, 8, 3));
  expect_as_contiguous(wave({1, 4}).expand({3, 4}));
  expect_as_contiguous(wave({4, 3, 2}).permute({1, 2, 0}));
}

TEST(StateLayout, AScalarAndOneElement) {
  expect_as_contiguous(at::full({}, 0.3, at::kDouble));
  expect_as_contiguous(wave({1}));
  EXPECT_EQ(solved(at::full({}, 0.3, at::kDouble)).second.dim(), 0);
}

TEST(StateLayout, AnEmptyTensorStaysEmpty) {
  for (const auto& options : {fixed_steps(0.1), adaptive_steps(1e-3, 1e-6), fixed_steps(0.1, 1, GradientKind::backprop)}) {
    const auto z0 = at::zeros({0, 3}, at::kDouble).requires_grad_();
    const auto solution = solve_plainly({elementwise(), {z0}}, options);
    EXPECT_EQ(solution.states[0].sizes(), z0.sizes());
    EXPECT_EQ(torch::autograd::grad({solution.states[0].sum()}, {z0})[0].sizes(), z0.sizes());
  }
}

TEST(StateLayout, MoreElementsThanOneThreadTakes) {
  const auto z0 = wave({100003}, 0, 1, at::kFloat);
  const auto mali = differentiate({elementwise(), {z0}}, fixed_steps(0.2));
  const auto backprop = differentiate({elementwise(), {z0}}, fixed_steps(0.2, 1, GradientKind::backprop));
  // float32: six evaluations, some ten roundings of values up to 3 each.
  EXPECT_LE(gap(mali.states, backprop.states), 1e-5);
  EXPECT_LE(gap(mali.a_z0, backprop.a_z0), 1e-5);
}

TEST(StateDtype, Bfloat16GivesWhatFloat32GivesWithinItsRounding) {
  const auto z0 = wave({64}, 0, 0.5, at::kBFloat16);
  const auto narrow = differentiate({elementwise(), {z0}}, fixed_steps(0.25));
  const auto wide = differentiate({elementwise(), {z0.to(at::kFloat)}}, fixed_steps(0.25));
  EXPECT_EQ(narrow.states[0].scalar_type(), at::kBFloat16);
  // Each of four steps stores k, u, v, z with an error of 2^-9 of values up to 1.5, times slopes up to 2.
  EXPECT_LE(gap(narrow.states[0].to(at::kFloat), wide.states[0]), 0.1);
  EXPECT_LE(gap(narrow.a_z0[0].to(at::kFloat), wide.a_z0[0]), 0.2);
}

std::string refused(const TensorList& z0, Status status = Status::invalid_argument) {
  return error_text(status, [&] { solve_plainly({elementwise(), z0}, fixed_steps(0.1)); });
}

TEST(StateDtype, OthersAreRefusedByName) {
  EXPECT_THAT(refused({at::zeros({2}, at::kHalf)}), AllOf(HasSubstr("z0[0]"), HasSubstr("Half"), HasSubstr("float32")));
  EXPECT_THAT(refused({at::zeros({2}, at::kLong)}), HasSubstr("Long"));
  EXPECT_THAT(refused({at::zeros({2}, at::kComplexFloat)}), HasSubstr("z0[0]"));
  EXPECT_THAT(refused({at::zeros({2}, at::kFloat), at::zeros({2}, at::kDouble)}), AllOf(HasSubstr("z0[1]"), HasSubstr("one dtype")));
  EXPECT_THAT(refused({}), HasSubstr("empty"));
  EXPECT_THAT(refused({at::zeros({2, 2}).to_sparse()}), HasSubstr("to_dense"));
}

std::string wrong_result(const std::function<TensorList(const TensorList&)>& f, GradientKind kind = GradientKind::mali) {
  const auto wrong = dynamics([f](const at::Tensor&, const TensorList& z) { return f(z); });
  return error_text(Status::invalid_argument, [&] { solve_plainly({wrong, {at::zeros({2, 3}, at::kFloat)}}, fixed_steps(0.1, 1, kind)); });
}

TEST(ResultOfF, MustFitTheState) {
  for (const auto kind : {GradientKind::mali, GradientKind::backprop, GradientKind::none}) {
    EXPECT_THAT(wrong_result([](const TensorList&) { return TensorList{}; }, kind), HasSubstr("0 tensors for a state of 1"));
    EXPECT_THAT(wrong_result([](const TensorList& z) { return TensorList{z[0], z[0]}; }, kind), HasSubstr("2 tensors"));
    EXPECT_THAT(wrong_result(
                    [](const TensorList&) {
                      return TensorList{at::zeros({3, 2})};
                    },
                    kind),
                AllOf(HasSubstr("[3, 2]"), HasSubstr("[2, 3]")));
    EXPECT_THAT(wrong_result([](const TensorList&) { return TensorList{at::zeros({})}; }, kind), HasSubstr("shape"));
    EXPECT_THAT(wrong_result([](const TensorList& z) { return TensorList{z[0].to(at::kDouble)}; }, kind),
                AllOf(HasSubstr("Double"), HasSubstr("Float")));
    EXPECT_THAT(wrong_result([](const TensorList&) { return TensorList{at::Tensor()}; }, kind), HasSubstr("undefined"));
    EXPECT_THAT(wrong_result([](const TensorList&) { return TensorList{at::empty({2, 3}, at::kMeta)}; }, kind), HasSubstr("meta"));
  }
}

std::string bad_times(const at::Tensor& t0, const at::Tensor& t1, const at::Tensor& t_eval = {}) {
  return error_text(Status::invalid_argument, [&] { solve({elementwise(), {at::zeros({2})}, t0, t1, t_eval, fixed_steps(0.1)}); });
}

TEST(Times, AreRefusedByName) {
  EXPECT_THAT(bad_times(at::tensor({0.0}, at::kDouble), time_of(1)), AllOf(HasSubstr("t0"), HasSubstr("0-dim")));
  EXPECT_THAT(bad_times(time_of(0), at::scalar_tensor(1, at::kLong)), HasSubstr("t1"));
  EXPECT_THAT(bad_times(at::Tensor(), time_of(1)), HasSubstr("t0"));
  EXPECT_THAT(bad_times(time_of(NAN), time_of(1)), HasSubstr("t0"));
  EXPECT_THAT(bad_times(time_of(0), time_of(INFINITY)), HasSubstr("t1"));
  const auto t_eval = [](std::vector<double> values) { return at::tensor(values, at::kDouble); };
  EXPECT_THAT(bad_times(time_of(0), time_of(1), at::zeros({0}, at::kDouble)), HasSubstr("t_eval"));
  EXPECT_THAT(bad_times(time_of(0), time_of(1), time_of(0.5)), HasSubstr("1-dim"));
  EXPECT_THAT(bad_times(time_of(0), time_of(1), t_eval({0.5, 0.4})), HasSubstr("t_eval[1]: 0.4"));
  EXPECT_THAT(bad_times(time_of(0), time_of(1), t_eval({0.5, 0.5})), HasSubstr("t_eval[1]"));
  EXPECT_THAT(bad_times(time_of(0), time_of(1), t_eval({-0.1, 0.5})), HasSubstr("t_eval[0]: -0.1"));
  EXPECT_THAT(bad_times(time_of(0), time_of(1), t_eval({0.5, 1.1})), HasSubstr("t_eval[1]: 1.1"));
  EXPECT_THAT(bad_times(time_of(1), time_of(0), t_eval({0.2, 0.5})), HasSubstr("t_eval[1]"));
  EXPECT_THAT(bad_times(time_of(0), time_of(1), t_eval({0.5, NAN})), HasSubstr("t_eval"));
}

TEST(Options, OutOfRangeAreRefusedByName) {
  const auto text = [](const SolveOptions& options, Status status) { return error_text(status, [&] { check(options); }); };
  auto options = fixed_steps(0.1);
  options.solver = static_cast<SolverKind>(solver_count);
  EXPECT_THAT(text(options, Status::unsupported), HasSubstr("solver: " + std::to_string(solver_count)));
  options = fixed_steps(0.1);
  options.gradient = static_cast<GradientKind>(8);
  EXPECT_THAT(text(options, Status::unsupported), HasSubstr("gradient: 8"));
  EXPECT_THAT(text(fixed_steps(0.1, 0.5), Status::invalid_argument), HasSubstr("eta: 0.5"));
}

}  // namespace
}  // namespace neuralode::testing
