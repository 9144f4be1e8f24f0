#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

#include "dynamics/script_dynamics.h"
#include "support/expect.h"
#include "support/ode.h"
#include "support/temporary_folder.h"

namespace neuralode::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Script : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "f.pt"; }
  /// Saves a module with parameter `w` (4, 4), frozen parameter `b`, buffer `count` and the given code.
  void save(const std::string& code) const {
    torch::jit::Module module("f");
    module.register_parameter("w", wave({4, 4}, 0.3, 0.5).requires_grad_(), false);
    module.register_parameter("b", wave({4}, 0.1), false);
    module.register_buffer("count", at::zeros({}, at::kDouble));
    module.register_attribute("training", c10::BoolType::get(), true);
    if (!code.empty()) module.define(code);
    module.save(path());
  }
  std::shared_ptr<ScriptDynamics> load() const { return ScriptDynamics::load(path(), "cpu"); }
  std::string load_error(Status status) const {
    const auto text = error_text(status, [&] { load(); });
    EXPECT_THAT(text, HasSubstr(path()));
    return text;
  }

  TemporaryFolder folder_;
};

constexpr const char* tanh_code = "def forward(self, t, z):\n  return torch.tanh(torch.matmul(z, self.w) + self.b) * t\n";

TEST_F(Script, GradientsAgreeWithBackpropAndWithTheSameFunctionInCpp) {
  save(tanh_code);
  const auto script = load();
  const Ode ode{script, {wave({3, 4})}, 0.1, 1.0};
  const auto mali = differentiate(ode, fixed_steps(0.1)), backprop = differentiate(ode, fixed_steps(0.1, 1, GradientKind::backprop));
  EXPECT_LE(gap(mali, backprop), 1e-9);
  const auto w = wave({4, 4}, 0.3, 0.5).requires_grad_(), b = wave({4}, 0.1);
  const auto plain = [w, b](const at::Tensor& t, const TensorList& z) { return TensorList{(z[0].matmul(w) + b).tanh() * t}; };
  EXPECT_LE(gap(mali, differentiate({dynamics(plain, {w}), {wave({3, 4})}, 0.1, 1.0}, fixed_steps(0.1))), 1e-9);
}

TEST_F(Script, ParametersAndBuffersHaveTheirNamesAndShareMemory) {
  save(tanh_code);
  const auto script = load();
  const auto parameters = script->parameters();
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].first, "w");
  EXPECT_EQ(differentiable_parameters(*script).size(), 1u);  // b is frozen
  ASSERT_EQ(script->buffers().size(), 1u);
  const auto before = script->eval(time_of(1), {wave({3, 4})})[0].detach();
  parameters[0].second.detach().zero_();
  EXPECT_NE(gap(script->eval(time_of(1), {wave({3, 4})})[0], before), 0);
}

TEST_F(Script, SeveralStatesComeBackAsATuple) {
  save("def forward(self, t, a, b):\n  return torch.matmul(a, self.w), b * t + torch.sum(a)\n");
  const Ode ode{load(), {wave({3, 4}), wave({2})}};
  EXPECT_LE(gap(differentiate(ode, fixed_steps(0.1)), differentiate(ode, fixed_steps(0.1, 1, GradientKind::backprop))), 1e-9);
}

TEST_F(Script, ABufferChangesInForwardEvaluationsOnly) {
  save("def forward(self, t, z):\n  self.count.add_(1.0)\n  return torch.matmul(z, self.w)\n");
  const auto script = load();
  const auto solution = solve_plainly({script, {wave({3, 4})}}, fixed_steps(0.25));
  EXPECT_EQ(script->buffers()[0].second.item<double>(), 5);
  loss_of(solution.states).backward();
  EXPECT_EQ(script->buffers()[0].second.item<double>(), 5);
}

TEST_F(Script, TrainingModeAndDtypeCanBeSet) {
  save("def forward(self, t, z):\n  return torch.dropout(z, 0.5, self.training)\n");
  const auto script = load();
  script->set_training(false);
  EXPECT_TRUE(identical(script->eval(time_of(0), {wave({40})})[0], wave({40})));
  script->set_training(true);
  EXPECT_FALSE(script->eval(time_of(0), {wave({40})})[0].equal(wave({40})));
  script->to_dtype(at::kFloat);
  EXPECT_EQ(script->parameters()[0].second.scalar_type(), at::kFloat);
}

TEST_F(Script, AMissingFileOrAFolderIsAnIoError) {
  EXPECT_THAT(load_error(Status::io_error), HasSubstr("no such file"));
  std::filesystem::create_directories(path());
  load_error(Status::io_error);
}

TEST_F(Script, ADamagedOrOtherFileIsAnIoErrorWithARemedy) {
  for (const std::string& bytes : {std::string(), std::string("no archive"), std::string(5000, '\0')}) {
    write_bytes(path(), bytes);
    EXPECT_THAT(load_error(Status::io_error), HasSubstr("TorchScript"));
  }
  save(tanh_code);
  const auto whole = bytes_of_file(path());
  for (const std::size_t part : {1, 2, 4, 10}) {
    write_bytes(path(), whole.substr(0, whole.size() * (part - 1) / part));
    load_error(Status::io_error);
  }
}

TEST_F(Script, AForwardThatIsMissingOrTakesNoStateIsRefused) {
  save("");
  EXPECT_THAT(load_error(Status::invalid_argument), HasSubstr("no forward"));
  save("def forward(self, t):\n  return t\n");
  EXPECT_THAT(load_error(Status::invalid_argument), AllOf(HasSubstr("1 argument"), HasSubstr("forward(t, z)")));
  save("def forward(self):\n  return 3\n");
  EXPECT_THAT(load_error(Status::invalid_argument), HasSubstr("0 argument"));
}

TEST_F(Script, AnotherNumberOfStatesThanForwardTakesIsRefused) {
  save(tanh_code);
  EXPECT_THAT(error_text(Status::invalid_argument,
                         [&] {
                           load()->eval(time_of(0), {wave({4}), wave({4})});
                         }),
              AllOf(HasSubstr("2 state"), HasSubstr("takes 1")));
}

TEST_F(Script, AResultThatIsNoTensorIsRefused) {
  save("def forward(self, t, z):\n  return 3\n");
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { load()->eval(time_of(0), {wave({4})}); }), HasSubstr("must return a tensor"));
  save("def forward(self, t, z):\n  return z, 3\n");
  EXPECT_THAT(error_text(Status::invalid_argument, [&] { load()->eval(time_of(0), {wave({4})}); }), HasSubstr("only tensors"));
}

TEST_F(Script, AnErrorInItsCodeComesOut) {
  save("def forward(self, t, z):\n  return torch.matmul(z, torch.zeros([7, 7]))\n");
  EXPECT_THROW(solve_plainly({load(), {wave({3, 4})}}, fixed_steps(0.1)), std::exception);
}

TEST_F(Script, SweepsOnTwoThreadsDoNotDisturbEachOther) {
  save(tanh_code);
  const auto script = load();
  const auto run = [&] { return differentiate({script, {wave({3, 4})}}, fixed_steps(0.05)); };
  const auto expected = run();
  std::vector<Gradients> results(2);
  std::thread other([&] { results[0] = run(); });
  results[1] = run();
  other.join();
  for (const auto& result : results) EXPECT_EQ(gap(result, expected), 0);
}

}  // namespace
}  // namespace neuralode::testing
