// Sequences of calls with arbitrary arguments: each byte or few of the input choose a function and what it is given. World says from what.
// Compilers differ in the order in which arguments are drawn, so that an input means one thing to clang and another to g++.
// NEURALODE_FUZZ_TRACE=1 prints the calls and the last error after each.
#include "abi/world.h"

namespace neuralode::fuzz {

namespace {

const Calls& all_calls() {
  static const Calls all = [] {
    Calls result;
    for (const auto& part :
         {status_calls(), tensor_calls(), autograd_calls(), dynamics_calls(), solve_calls(), solve_calls(), model_calls(), data_calls()})
      result.insert(result.end(), part.begin(), part.end());
    return result;
  }();
  return all;
}

constexpr int most_calls = 64;

}  // namespace

void call_one(World& world) {
  static const bool told = std::getenv("NEURALODE_FUZZ_TRACE") != nullptr;
  const auto& call = all_calls()[world.in.below(all_calls().size())];
  if (told) std::fprintf(stderr, "%*s%s\n", 2 * world.depth, "", call.name);
  call.run(world);
  if (told) std::fprintf(stderr, "%*s  %s\n", 2 * world.depth, "", neuralode_last_error());
}

}  // namespace neuralode::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace neuralode::fuzz;
  const Alive before;
  {
    World world(data, size);
    for (int i = 0; i < most_calls && !world.in.ended(); ++i) {
      world.budget = 300;
      call_one(world);
    }
  }
  expect_no_leak(before);
  return 0;
}
