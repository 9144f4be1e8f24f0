// The one place where exceptions become statuses, and the tables that must agree with it.
#include "c_api/guarded.h"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <thread>

#include "c_api/handles.h"
#include "gradients/solve.h"
#include "neuralode/solve.h"
#include "support/expect.h"

namespace neuralode::c_api {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Guarded, StatusValuesAreThoseOfTheHeader) {
  EXPECT_EQ(int(Status::ok), NEURALODE_OK);
  EXPECT_EQ(int(Status::invalid_argument), NEURALODE_INVALID_ARGUMENT);
  EXPECT_EQ(int(Status::runtime_error), NEURALODE_RUNTIME_ERROR);
  EXPECT_EQ(int(Status::out_of_memory), NEURALODE_OUT_OF_MEMORY);
  EXPECT_EQ(int(Status::io_error), NEURALODE_IO_ERROR);
  EXPECT_EQ(int(Status::callback_failed), NEURALODE_CALLBACK_FAILED);
  EXPECT_EQ(int(Status::unsupported), NEURALODE_UNSUPPORTED);
  EXPECT_EQ(int(Status::step_size_underflow), NEURALODE_STEP_SIZE_UNDERFLOW);
  EXPECT_EQ(int(Status::step_limit), NEURALODE_STEP_LIMIT);
  EXPECT_EQ(int(Status::non_finite), NEURALODE_NON_FINITE);
  EXPECT_EQ(int(Status::unknown_error), NEURALODE_UNKNOWN_ERROR);
  EXPECT_EQ(int(Status::lattice_overflow), NEURALODE_LATTICE_OVERFLOW);
  EXPECT_EQ(int(Status::drift), NEURALODE_DRIFT);
}

TEST(SolveOptions, SolversHaveTheValuesOfTheHeader) {
  EXPECT_EQ(int(SolverKind::alf), NEURALODE_SOLVER_ALF);
  EXPECT_EQ(int(SolverKind::euler), NEURALODE_SOLVER_EULER);
  EXPECT_EQ(int(SolverKind::midpoint), NEURALODE_SOLVER_MIDPOINT);
  EXPECT_EQ(int(SolverKind::heun), NEURALODE_SOLVER_HEUN);
  EXPECT_EQ(int(SolverKind::heun_euler), NEURALODE_SOLVER_HEUN_EULER);
  EXPECT_EQ(int(SolverKind::bosh3), NEURALODE_SOLVER_BOSH3);
  EXPECT_EQ(int(SolverKind::rk4), NEURALODE_SOLVER_RK4);
  EXPECT_EQ(int(SolverKind::dopri5), NEURALODE_SOLVER_DOPRI5);
  EXPECT_EQ(int(SolverKind::tsit5), NEURALODE_SOLVER_TSIT5);
  EXPECT_EQ(int(SolverKind::dopri8), NEURALODE_SOLVER_DOPRI8);
}

TEST(SolveOptions, GradientsAndControllersHaveTheValuesOfTheHeader) {
  EXPECT_EQ(int(GradientKind::mali), NEURALODE_GRADIENT_MALI);
  EXPECT_EQ(int(GradientKind::backprop), NEURALODE_GRADIENT_BACKPROP);
  EXPECT_EQ(int(GradientKind::none), NEURALODE_GRADIENT_NONE);
  EXPECT_EQ(int(GradientKind::adjoint), NEURALODE_GRADIENT_ADJOINT);
  EXPECT_EQ(int(GradientKind::aca), NEURALODE_GRADIENT_ACA);
  EXPECT_EQ(int(GradientKind::anode), NEURALODE_GRADIENT_ANODE);
  EXPECT_EQ(int(GradientKind::pnode), NEURALODE_GRADIENT_PNODE);
  EXPECT_EQ(int(ControllerKind::pi), NEURALODE_CONTROLLER_PI);
  EXPECT_EQ(int(ControllerKind::i), NEURALODE_CONTROLLER_I);
  EXPECT_EQ(int(ControllerKind::pid), NEURALODE_CONTROLLER_PID);
}

TEST(SolveOptions, OtherChoicesHaveTheValuesOfTheHeader) {
  EXPECT_EQ(int(ReversalKind::floating), NEURALODE_REVERSAL_FLOAT);
  EXPECT_EQ(int(ReversalKind::exact), NEURALODE_REVERSAL_EXACT);
  EXPECT_EQ(int(SnapshotKind::automatic), NEURALODE_SNAPSHOTS_AUTOMATIC);
  EXPECT_EQ(int(SnapshotKind::none), NEURALODE_SNAPSHOTS_NONE);
  EXPECT_EQ(int(SnapshotKind::every), NEURALODE_SNAPSHOTS_EVERY);
  EXPECT_EQ(int(FailureKind::error), NEURALODE_FAILURE_ERROR);
  EXPECT_EQ(int(FailureKind::value), NEURALODE_FAILURE_VALUE);
}

TEST(Guarded, AnErrorKeepsItsStatusAndText) {
  for (int status = 1; status <= 12; ++status) {
    EXPECT_EQ(guarded([&] { fail(static_cast<Status>(status), "text ", status); }), status);
    EXPECT_EQ(last_error(), "text " + std::to_string(status));
  }
}

TEST(Guarded, LibtorchsErrorComesWithoutItsBacktrace) {
  EXPECT_EQ(guarded([] { TORCH_CHECK(false, "sizes differ"); }), NEURALODE_RUNTIME_ERROR);
  EXPECT_THAT(last_error(), AllOf(HasSubstr("sizes differ"), Not(HasSubstr("frame #"))));
}

TEST(Guarded, MemoryThatIsNotThereIsItsOwnStatus) {
  EXPECT_EQ(guarded([] { throw std::bad_alloc(); }), NEURALODE_OUT_OF_MEMORY);
  EXPECT_THAT(last_error(), HasSubstr("out of memory"));
  EXPECT_EQ(guarded([] { at::empty({std::int64_t{1} << 46}); }), NEURALODE_OUT_OF_MEMORY);  // libtorch's own way of saying it
}

TEST(Guarded, AnyOtherExceptionIsARuntimeErrorWithItsText) {
  EXPECT_EQ(guarded([] { throw std::out_of_range("beyond"); }), NEURALODE_RUNTIME_ERROR);
  EXPECT_EQ(last_error(), "beyond");
}

TEST(Guarded, WhatIsNoExceptionIsUnknown) {
  EXPECT_EQ(guarded([] { throw 42; }), NEURALODE_UNKNOWN_ERROR);
  EXPECT_THAT(last_error(), Not(HasSubstr("beyond")));
}

TEST(Guarded, SuccessLeavesTheTextAlone) {
  guarded([] { throw std::out_of_range("kept"); });
  EXPECT_EQ(guarded([] {}), NEURALODE_OK);
  EXPECT_EQ(last_error(), "kept");
}

TEST(Guarded, EveryThreadHasItsOwnText) {
  guarded([] { throw std::out_of_range("mine"); });
  std::thread([] {
    EXPECT_EQ(last_error(), "");
    guarded([] { throw std::out_of_range("other"); });
    EXPECT_STREQ(neuralode_last_error(), "other");
  }).join();
  EXPECT_STREQ(neuralode_last_error(), "mine");
}

TEST(ReadOptions, OverlaysTheBytesThatTheCallerKnows) {
  neuralode_solve_options given;
  std::memset(&given, 0xee, sizeof given);
  given.struct_size = offsetof(neuralode_solve_options, rtol);
  given.solver = NEURALODE_SOLVER_ALF;
  given.gradient = NEURALODE_GRADIENT_BACKPROP;
  given.reversal = NEURALODE_REVERSAL_FLOAT;
  given.step_size = 0.25;
  const auto read = read_options(&given, &neuralode_solve_options_init);
  EXPECT_EQ(read.gradient, NEURALODE_GRADIENT_BACKPROP);
  EXPECT_EQ(read.step_size, 0.25);
  EXPECT_EQ(read.rtol, 1e-3);  // beyond what the caller knows: the default
  EXPECT_EQ(read.max_steps, 1000000);
  EXPECT_EQ(read.struct_size, sizeof read);
}

TEST(ReadOptions, RefusesSizesThatCannotBe) {
  neuralode_solve_options given;
  neuralode_solve_options_init(sizeof given, &given);
  for (const std::uint32_t size : {0u, 3u, std::uint32_t(sizeof given) + 1, 0xffffffffu}) {
    given.struct_size = size;
    EXPECT_THAT(neuralode::testing::error_text(Status::invalid_argument, [&] { read_options(&given, &neuralode_solve_options_init); }),
                HasSubstr("struct_size: " + std::to_string(size)));
  }
}

TEST(Handles, AreCountedFromMakingToTaking) {
  const auto before = live_tensors();
  const auto handle = handle_of(at::ones({2}));
  EXPECT_EQ(live_tensors(), before + 1);
  EXPECT_TRUE(taken_tensor(handle).equal(at::ones({2})));
  EXPECT_EQ(live_tensors(), before);
  EXPECT_EQ(handle_of(at::Tensor()), nullptr);
  EXPECT_FALSE(taken_tensor(nullptr).defined());
  EXPECT_EQ(live_tensors(), before);
}

}  // namespace
}  // namespace neuralode::c_api
