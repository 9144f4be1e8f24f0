#!/usr/bin/env bash
# Fuzzes the C ABI and the files it reads with libFuzzer, two targets at a time. Needs clang 19 and its runtime (libclang-rt-19-dev).
# Usage: tests/fuzz/run.sh [MINUTES a target, 10] [TARGET...]. What it finds lies in out/fuzz; exit 0 if that is nothing.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
minutes=${1:-10}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(safetensors checkpoint image abi_calls)
# Threads of libtorch and its BLAS would only wait for one another.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# In memory where possible: what is written is flushed to the disk.
TMPDIR=$(mktemp -d "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)/neuralode-fuzzers-XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

cmake --preset fuzz -Wno-dev --log-level=WARNING >/dev/null || exit 1
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}" || exit 1

# What is new in the corpus is kept under out/fuzz, to be merged by hand (-set_cover_merge=1).
# -fork=1: libFuzzer looks for leaks in the first thousand runs of a process only, so that it must be a new one now and then.
fuzz() {  # fuzz TARGET
  mkdir -p "out/fuzz/$1"
  out/build/fuzz/bin/fuzz_"$1" "out/fuzz/$1" "tests/fuzz/corpus/$1" -fork=1 -max_total_time=$((minutes * 60)) -timeout=10 \
    -rss_limit_mb=3000 -max_len=8192 -artifact_prefix="out/fuzz/finding-$1-" >"out/fuzz/$1.log" 2>&1
  local status=$?
  printf '== %s: %s\n' "$1" "$([ "$status" -eq 0 ] && grep -a cov: "out/fuzz/$1.log" | tail -n 1 || grep -a -m 1 'ERROR\|FINDING\|SUMMARY' "out/fuzz/$1.log")"
  return "$status"
}

failed=0
for ((i = 0; i < ${#targets[@]}; i += 2)); do
  jobs=()
  for target in "${targets[@]:i:2}"; do
    fuzz "$target" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || failed=1; done
done
exit "$failed"
