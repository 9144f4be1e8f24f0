#!/usr/bin/env bash
# Every benchmark of a built tree. Called by ./build.sh bench [--torchdiffeqpack DIR]
#   --torchdiffeqpack DIR   also measure against the peer's MALI (needs python3 with the PyTorch of this libtorch)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"   # spinning threads measure the scheduler, not the work
peer=
while [ $# -gt 0 ]; do
  case "$1" in
    --torchdiffeqpack) peer=${2:?--torchdiffeqpack needs a folder}; shift 2 ;;
    *) echo "usage: ./build.sh bench [--torchdiffeqpack DIR]" >&2; exit 2 ;;
  esac
done

echo "# A MALI training step over its evaluations of f"
out/build/cpu-release/bin/mali_step 1
echo
echo "# What undoing steps costs, by how it is done"
out/build/cpu-release/bin/reversal_cost 1
echo
echo "# Steps per sample over one step for the whole batch"
out/build/cpu-release/bin/per_sample 1
echo
echo "# Errors of MALI by how steps are undone"
out/bin/neuralode bench drift
echo
echo "# Errors of MALI by precision"
out/bin/neuralode bench precision
echo
echo "# Cost of the gradient methods, by formula and measured"
out/bin/neuralode bench methods
echo
echo "# Peak tensor memory against steps"
out/bin/neuralode bench memory
echo
if [ -n "$peer" ]; then
  echo "# Against TorchDiffEqPack"
  "${PYTHON:-/usr/bin/python3}" benchmarks/peers/mali_step.py --torchdiffeqpack "$peer" --library out/lib/libneuralode.so
else
  echo "Left out: the comparison with TorchDiffEqPack; give its folder with --torchdiffeqpack DIR."
fi
