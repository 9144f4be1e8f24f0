#include "tensors/op_call.h"

#include <gtest/gtest.h>

#include "support/expect.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Values = std::vector<c10::IValue>;

at::Tensor tensor_from(const std::string& name, const std::string& overload, Values arguments) {
  return call_operator(name, overload, std::move(arguments)).at(0).toTensor();
}

std::string refused(const std::string& name, const std::string& overload, Values arguments) {
  return error_text(Status::invalid_argument, [&] { call_operator(name, overload, std::move(arguments)); });
}

const at::Tensor x = at::arange(6, at::kFloat).reshape({2, 3});

TEST(OpCall, LeavesOutArgumentsThatHaveDefaults) {
  EXPECT_TRUE(tensor_from("aten::add", "Tensor", {x, x}).equal(2 * x));
  EXPECT_TRUE(tensor_from("aten::add", "Tensor", {x, x, 3}).equal(4 * x));
}

TEST(OpCall, TurnsIntegersIntoWhatTheSchemaAsksFor) {
  EXPECT_TRUE(tensor_from("aten::mul", "Scalar", {x, 2}).equal(2 * x));  // a Scalar
  EXPECT_TRUE(tensor_from("aten::mul", "Scalar", {x, 2.0}).equal(2 * x));
  EXPECT_TRUE(tensor_from("aten::dropout", "", {x, 0, false}).equal(x));                      // a float
  EXPECT_TRUE(tensor_from("aten::sum", "dim_IntList", {x, 1}).equal(x.sum(1)));               // a list of one
  EXPECT_EQ(tensor_from("aten::sum", "", {x, int(at::kDouble)}).scalar_type(), at::kDouble);  // a dtype
}

TEST(OpCall, TurnsTextIntoADeviceAndListsIntoWhatIsWanted) {
  EXPECT_TRUE(
      tensor_from("aten::zeros", "", {c10::List<std::int64_t>({2, 3}), c10::IValue(), c10::IValue(), "cpu"}).equal(at::zeros({2, 3})));
  EXPECT_TRUE(tensor_from("aten::cat", "", {c10::List<at::Tensor>({x, x}), 0}).equal(at::cat({x, x})));
  const c10::List<at::Tensor> indices({at::Tensor(), at::tensor({0, 2}, at::kLong)});
  EXPECT_TRUE(tensor_from("aten::index", "Tensor", {x, indices}).equal(x.index_select(1, at::tensor({0, 2}, at::kLong))));
  EXPECT_EQ(tensor_from("aten::upsample_nearest1d", "vec", {x.unsqueeze(0), c10::IValue(), c10::List<std::int64_t>({2})}).size(2), 6);
}

TEST(OpCall, TakesNoneAndAnUndefinedTensorForAnOptionalOne) {
  const auto weight = at::ones({4, 3});
  EXPECT_TRUE(tensor_from("aten::linear", "", {x, weight}).equal(x.matmul(weight.t())));
  EXPECT_TRUE(tensor_from("aten::linear", "", {x, weight, c10::IValue()}).equal(x.matmul(weight.t())));
  EXPECT_TRUE(tensor_from("aten::linear", "", {x, weight, at::Tensor()}).equal(x.matmul(weight.t())));
}

TEST(OpCall, GivesEveryResult) {
  const auto results = call_operator("aten::max", "dim", {x, 1});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_TRUE(results[1].toTensor().equal(at::tensor({2, 2}, at::kLong)));
  EXPECT_EQ(call_operator("aten::split", "Tensor", {x, 1}).at(0).toTensorVector().size(), 2u);
  EXPECT_TRUE(call_operator("aten::equal", "", {x, x}).at(0).toBool());
}

TEST(OpCall, IsRecordedByAutogradAndWorksInPlace) {
  const auto leaf = x.clone().requires_grad_();
  tensor_from("aten::sin", "", {leaf}).sum().backward();
  EXPECT_TRUE(leaf.grad().equal(x.cos()));
  const auto changed = x.clone();
  EXPECT_TRUE(tensor_from("aten::add_", "Scalar", {changed, 1}).is_same(changed));
  EXPECT_TRUE(changed.equal(x + 1));
}

TEST(OpCall, AnUnknownOperatorOrOverloadIsNamedWithTheRightForm) {
  EXPECT_THAT(refused("aten::nothing", "", {}), AllOf(HasSubstr("'aten::nothing'"), HasSubstr("aten::add")));
  EXPECT_THAT(refused("aten::add", "Tensr", {x, x}), HasSubstr("'aten::add.Tensr'"));
  EXPECT_THAT(refused("add", "Tensor", {x, x}), HasSubstr("does not exist"));
  EXPECT_THAT(refused("", "", {}), HasSubstr("does not exist"));
}

TEST(OpCall, AWrongArgumentIsNamedWithWhatIsWanted) {
  EXPECT_THAT(refused("aten::add", "Tensor", {x, "text"}), AllOf(HasSubstr("'other'"), HasSubstr("Tensor"), HasSubstr("aten::add")));
  EXPECT_THAT(refused("aten::add", "Tensor", {x}), AllOf(HasSubstr("'other'"), HasSubstr("missing")));
  EXPECT_THAT(refused("aten::add", "Tensor", {x, c10::IValue()}), HasSubstr("'other'"));
  EXPECT_THAT(refused("aten::add", "Tensor", {x, x, 1, 1, 1}), HasSubstr("5 arguments"));
  EXPECT_THAT(refused("aten::sum", "dim_IntList", {x, 0.5}), HasSubstr("'dim'"));
  EXPECT_THAT(refused("aten::dropout", "", {x, 0.5, 1}), HasSubstr("'train'"));
}

TEST(OpCall, ListsOfAnotherElementTypeAreAnErrorNotACrash) {
  EXPECT_THROW(call_operator("aten::sum", "dim_IntList", {x, c10::List<double>({0.5})}), std::exception);
  EXPECT_THROW(call_operator("aten::cat", "", {c10::List<std::int64_t>({1}), 0}), std::exception);
  EXPECT_THROW(call_operator("aten::view", "", {x, c10::List<bool>({true})}), std::exception);
}

TEST(OpCall, AnUndefinedTensorWhereOneIsNeededIsAnErrorNotACrash) {
  EXPECT_THROW(call_operator("aten::neg", "", {at::Tensor()}), std::exception);
  EXPECT_THROW(call_operator("aten::add", "Tensor", {x, at::Tensor()}), std::exception);
}

TEST(OpCall, WhatLibtorchRefusesComesOutAsItsError) { EXPECT_THROW(call_operator("aten::mm", "", {x, x}), c10::Error); }

}  // namespace
}  // namespace neuralode::testing
