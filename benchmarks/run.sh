#!/usr/bin/env bash
# Every benchmark of a built tree. Called by ./build.sh bench [--torchdiffeqpack DIR] [--torchdiffeq DIR] [--pnode DIR] [--anode DIR]
#   each DIR: a checkout of that peer, whose results, gradients and times are compared with ours (needs python3 with the PyTorch of this libtorch;
#   pnode also petsc4py)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"   # spinning threads measure the scheduler, not the work
peer= peers=()
while [ $# -gt 0 ]; do
  case "$1" in
    --torchdiffeqpack | --torchdiffeq | --pnode | --anode)
      peers+=("$1" "${2:?$1 needs a folder}")
      [ "$1" != --torchdiffeqpack ] || peer=$2
      shift 2 ;;
    *) echo "usage: ./build.sh bench [--torchdiffeqpack DIR] [--torchdiffeq DIR] [--pnode DIR] [--anode DIR]" >&2; exit 2 ;;
  esac
done

echo "# A MALI training step over its evaluations of f"
out/build/cpu-release/bin/mali_step 1
echo
if [ -n "${TorchSharpDir:-}${TorchSharpPackage:-}" ]; then
  echo "# A MALI training step through TorchSharp over the bare TorchSharp calls that it takes"
  dotnet run --project benchmarks/torchsharp -c Release -v quiet -- 1
else
  echo "Left out: TorchSharp; set TorchSharpDir to a folder with it, or TorchSharpPackage=true."
fi
echo
echo "# What undoing steps costs, by how it is done"
out/build/cpu-release/bin/reversal_cost 1
echo
echo "# Steps of each sample against one step for the batch"
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
fi
if [ ${#peers[@]} -gt 0 ]; then
  echo "# Results, gradients and times against the peers"
  "${PYTHON:-/usr/bin/python3}" benchmarks/peers/oracles.py --library out/lib/libneuralode.so "${peers[@]}"
else
  echo "Left out: the comparison with the peers; give a folder with --torchdiffeqpack, --torchdiffeq, --pnode or --anode."
fi
