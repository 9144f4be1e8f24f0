// lattice_test.cpp on the kernels for GPUs.
#define NEURALODE_TESTS_ON_GPU
#define LatticeKernels LatticeKernelsOnGpu
#define LatticeDifference LatticeDifferenceOnGpu
#include "kernels/gpu/kernels_on_gpu.h"
// what follows finds the kernels of that header first
#include "kernels/lattice_test.cpp"
