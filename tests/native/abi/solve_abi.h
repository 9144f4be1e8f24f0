// A solve of z' = z from (1, -2) over [0, 1] in ten steps, and what the ABI tells of it.
#pragma once

#include "nulls.h"

namespace neuralode::abi {

class SolveAbi : public ::testing::Test {
 protected:
  SolveAbi() {
    EXPECT_OK(neuralode_dynamics_create_callback(identity, nullptr, nullptr, nullptr, nullptr, 0, nullptr, 0, f_.out()));
    EXPECT_OK(neuralode_solve_options_init(sizeof options_, &options_));
    options_.step_size = 0.1;
  }
  neuralode_status solve(neuralode_tensor t_eval = nullptr) {
    solution_ = Solution();
    return neuralode_solve(f_.get(), z0_.list(), 1, t0_.get(), t1_.get(), t_eval, &options_, solution_.out());
  }
  /// The text with which a solve refuses one option among defaults.
  template <class Value>
  std::string refused(Value neuralode_solve_options::*member, Value value, neuralode_status status = NEURALODE_INVALID_ARGUMENT) {
    EXPECT_OK(neuralode_solve_options_init(sizeof options_, &options_));
    options_.*member = value;
    const auto text = text_with(status, solve());
    EXPECT_EQ(solution_.get(), nullptr);
    return text;
  }
  neuralode_status backward() {
    Tensor state;
    EXPECT_OK(neuralode_solution_state(solution_.get(), 0, state.out()));
    return neuralode_tensor_backward(operation("aten::sum", "", {state.get()}).get(), nullptr, 0, 0);
  }
  /// What neuralode_solution_status tells.
  struct Outcome {
    neuralode_status status = -1;
    std::string text;
    double reached = -1;
  };
  Outcome outcome() const {
    Outcome result;
    const char* text = nullptr;
    EXPECT_OK(neuralode_solution_status(solution_.get(), &result.status, &text, &result.reached));
    result.text = text;
    return result;
  }
  neuralode_statistics statistics() const {
    neuralode_statistics result{};
    EXPECT_OK(neuralode_solution_statistics(solution_.get(), sizeof result, &result));
    return result;
  }

  Dynamics f_;
  Solution solution_;
  Tensor z0_ = vector_of({1, -2}, true), t0_ = scalar_of(0, true), t1_ = scalar_of(1, true);
  neuralode_solve_options options_{};
};

}  // namespace neuralode::abi
