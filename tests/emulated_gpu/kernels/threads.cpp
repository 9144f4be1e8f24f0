#include <ucontext.h>

#include <vector>

#include "cuda_runtime.h"

namespace emulated {

Index block_index, thread_index, block_size, grid_size;

namespace {

constexpr std::size_t stack_bytes = 64 * 1024;

/// Thrown by the first barrier of a block that was run without coroutines, before anything was written: it is run again with them.
struct NeedsCoroutines {};

struct Coroutine {
  ucontext_t context;
  std::vector<char> stack;
  bool done = false;
};

ucontext_t scheduler;
std::vector<Coroutine> coroutines;
const std::function<void()>* current_body = nullptr;
bool in_coroutines = false;
double lanes[1024];

void enter() {
  const auto self = thread_index.x;
  (*current_body)();
  coroutines[self].done = true;
  swapcontext(&coroutines[self].context, &scheduler);
}

void run_block_in_coroutines(unsigned threads) {
  coroutines.resize(1024);
  for (unsigned thread = 0; thread < threads; ++thread) {
    auto& coroutine = coroutines[thread];
    coroutine.stack.resize(stack_bytes);
    coroutine.done = false;
    getcontext(&coroutine.context);
    coroutine.context.uc_stack.ss_sp = coroutine.stack.data();
    coroutine.context.uc_stack.ss_size = stack_bytes;
    coroutine.context.uc_link = nullptr;
    makecontext(&coroutine.context, enter, 0);
  }
  in_coroutines = true;
  for (bool any = true; any;) {
    any = false;
    for (unsigned thread = 0; thread < threads; ++thread) {
      if (coroutines[thread].done) continue;
      thread_index = {thread};
      swapcontext(&scheduler, &coroutines[thread].context);
      any = any || !coroutines[thread].done;
    }
  }
  in_coroutines = false;
}

}  // namespace

void launch(unsigned blocks, unsigned threads, const std::function<void()>& body) {
  grid_size = {blocks};
  block_size = {threads};
  current_body = &body;
  bool waits = false;
  for (unsigned block = 0; block < blocks; ++block) {
    block_index = {block};
    try {
      for (unsigned thread = 0; thread < threads && !waits; ++thread) {
        thread_index = {thread};
        body();
      }
    } catch (const NeedsCoroutines&) {
      waits = true;
    }
    if (waits) run_block_in_coroutines(threads);
  }
}

void barrier() {
  if (!in_coroutines) throw NeedsCoroutines();
  const auto self = thread_index.x;
  swapcontext(&coroutines[self].context, &scheduler);
  thread_index = {self};
}

double shuffle_down(double value, unsigned offset) {
  if (!in_coroutines) throw NeedsCoroutines();
  const auto self = thread_index.x;
  lanes[self] = value;
  barrier();
  const double result = self % 32 + offset < 32 ? lanes[self + offset] : value;
  barrier();
  return result;
}

}  // namespace emulated
