#include "tensors/threads.h"

#include <ATen/Parallel.h>

// Null unless the process has an OpenBLAS among this library's dependencies.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int count);

namespace neuralode {

void set_threads(int count) {
  at::set_num_threads(count);
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(count);
}

}  // namespace neuralode
