#!/usr/bin/env bash
# Runs the tests that need a GPU where there is none, on an emulated one (see CMakeLists.txt beside this file): once with work done when it is
# queued, once when it is waited for. Needs nvcc of CUDA 12, and through CMAKE_PREFIX_PATH a libtorch with CUDA 12.
# Usage: tests/emulated_gpu/run.sh [GoogleTest filter]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=out/build/cuda-emulated
filter=${1:-'*Gpu*:*GPU*:Device*:PlacedModel*:Waits*'}
cmake --preset cuda-emulated -Wno-dev
cmake --build --preset cuda-emulated --target neuralode neuralode_tests neuralode_emulated_runtime neuralode_emulated_driver neuralode_emulated_operators gpu_steps
# Not every test may skip: the program could have found another runtime.
waits=$("$build/emulated/run" "$build/bin/neuralode_tests" --gtest_filter='Waits.*' || true)
[[ $waits == *'[  PASSED  ] 2 tests'* ]] || {
  printf '%s\n' "$waits" "tests/emulated_gpu/run.sh: Waits failed or the emulated runtime was not loaded; does this libtorch bring a runtime of its own?"
  exit 1
}
for lazy in '' 1; do
  echo "== work is done when it is $([ -n "$lazy" ] && echo waited for || echo queued)"
  env ${lazy:+NEURALODE_EMULATED_LAZY=1} "$build/emulated/run" "$build/bin/neuralode_tests" --gtest_brief=1 --gtest_filter="$filter"
done
