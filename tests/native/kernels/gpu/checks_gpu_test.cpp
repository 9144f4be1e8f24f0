// checks_test.cpp on the kernels for GPUs.
#define NEURALODE_TESTS_ON_GPU
#define KernelChecks KernelChecksOnGpu
#include "kernels/gpu/kernels_on_gpu.h"
// what follows finds the kernels of that header first
#include "kernels/checks_test.cpp"
