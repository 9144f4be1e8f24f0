// The tests of this folder run twice: once on the CPU's kernels and, included by the files of gpu/, on those for GPUs.
#pragma once

namespace neuralode::kernels::testing {

#if !defined(NEURALODE_TESTS_ON_GPU)
/// The kernels under test.
namespace device = neuralode::kernels;

/// At the start of a test: skips it where the device that it is for is not there.
inline void need_device() {}
#endif

}  // namespace neuralode::kernels::testing
