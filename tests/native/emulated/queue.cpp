#include "cuda_runtime.h"

void emulated::queue(cudaStream_t, const std::function<void()>& work) { work(); }
