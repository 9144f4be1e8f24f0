#!/usr/bin/env bash
# Builds, tests, checks and times everything on a machine with a GPU, and writes one report. A part that fails is reported with the end of its
# log; the others run all the same, and the exit status is 1.
#
# Usage: benchmarks/gpu/run.sh [options]
#   --only PART,PART...      of build, tests, sanitizer, kernels, steps, peers, diffrax, train, throughput; all by default. What earlier calls
#                            left in out/gpu counts in the report.
#   --torchdiffeqpack DIR    checkout of github.com/juntang-zhuang/TorchDiffEqPack, to compare with
#   --data DIR|TAR           CIFAR-10 as images in train/<class>/ and test/<class>/; for train and throughput
#   --managed DIR|TAR        the managed command line, out/bin of ./build.sh build; out/bin by default
#   --dotnet DIR|TAR         a .NET 10 runtime; the dotnet on the PATH by default
#   --deps DIR|TAR           GoogleTest, nlohmann-json, libturbojpeg, libpng and zlib with their headers, where they are not installed
#   --commit ID              of this tree, where it is no git checkout
#   --python PROGRAM         python3 by default; its PyTorch is the libtorch that is built against
#   --out DIR                for the results; benchmarks/gpu/results/<device>-<commit> by default
#   --minutes M              of the training run, 8 by default
#   --quick                  small shapes and few rounds, to see that everything works
#   --device cuda:0|cpu      cpu leaves out what needs a GPU, to try this program where there is none
# The archives for a machine without a network are made by benchmarks/gpu/carry.sh. Needs nvcc, cmake, ninja, g++ and PyTorch with CUDA.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
usage() { sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$here/run.sh"; }
die() { printf '%s\n' "$*" >&2; exit 2; }

all_parts=(build tests sanitizer kernels steps peers diffrax train throughput)
parts=("${all_parts[@]}")
pack='' data='' managed='' dotnet='' deps='' commit='' python=python3 out='' minutes=8 device=cuda:0
quick=()
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) quick=(--quick); minutes=0.5; shift; continue ;;
    -h | --help) usage; exit 0 ;;
  esac
  [ $# -ge 2 ] || { usage >&2; exit 2; }
  case "$1" in
    --only) IFS=, read -r -a parts <<<"$2" ;;
    --torchdiffeqpack) pack=$(realpath -e "$2") ;;
    --data) data=$(realpath -e "$2") ;;
    --managed) managed=$(realpath -e "$2") ;;
    --dotnet) dotnet=$(realpath -e "$2") ;;
    --deps) deps=$(realpath -e "$2") ;;
    --commit) commit=$2 ;;
    --python) python=$2 ;;
    --out) out=$(realpath -m "$2") ;;
    --minutes) minutes=$2 ;;
    --device) device=$2 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift 2
done
for part in "${parts[@]}"; do
  [[ " ${all_parts[*]} " == *" $part "* ]] || die "--only: $part is no part; choose from ${all_parts[*]}"
done
command -v "$python" >/dev/null || die "--python: there is no $python"
cd "$root"

preset=cuda-release
[ "$device" != cpu ] || preset=cpu-release
work=$root/out/gpu
build=$root/out/build/$preset
commit=${commit:-$(git rev-parse HEAD 2>/dev/null || echo unknown)}
# Rows of another tree, device or size of the work do not belong in one report with these.
kind_of_run="$commit $device ${quick[*]}"
[ "$(cat "$work/kind_of_run" 2>/dev/null)" = "$kind_of_run" ] || rm -rf "$work/rows" "$work/logs"
mkdir -p "$work/rows" "$work/logs"
printf '%s\n' "$kind_of_run" >"$work/kind_of_run"
[ -d /usr/local/cuda/bin ] && PATH=$PATH:/usr/local/cuda/bin
PATH=$PATH:$(dirname "$("$python" -c 'import sys; print(sys.executable)')")   # cmake and ninja may be Python packages
export PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
# shellcheck source=benchmarks/gpu/parts.sh
source "$here/parts.sh"

failed=()
run_part() {  # run_part NAME: its function in parts.sh, with its own log and rows
  local name=$1 start=$SECONDS status log=$work/logs/$1.log
  rows=$work/rows/$name.jsonl
  : >"$rows"
  printf '== %s ... ' "$name"
  set +e
  (set -euo pipefail; "part_$name") >"$log" 2>&1
  status=$?
  set -e
  local seconds=$((SECONDS - start)) ok=true
  if [ $status -eq 0 ]; then
    printf 'done in %d s%s\n' "$seconds" "$(grep -h '^left out' "$log" | sort -u | sed 's/^/; /' | tr -d '\n')"
  else
    ok=false
    failed+=("$name")
    printf 'FAILED (status %d) after %d s; errors in %s, and its end:\n' "$status" "$seconds" "${log#"$root"/}"
    { grep -E 'error:|Error:|FAILED:' "$log" | head -n 12 || true; tail -n 25 "$log"; } | cut -c 1-300 | sed 's/^/   | /'
  fi
  printf '{"kind": "part", "part": "%s", "ok": %s, "seconds": %d}\n' "$name" "$ok" "$seconds" >>"$rows"
}

"$python" "$here/machine.py" --device "$device" --commit "$commit" "${quick[@]}" >"$work/rows/0machine.jsonl" ||
  die "$python cannot say what this machine is; is PyTorch in it?"
for part in "${parts[@]}"; do run_part "$part"; done

out=${out:-$here/results/$("$python" "$here/machine.py" --name "$work/rows/0machine.jsonl")}
mkdir -p "$out"
cat "$work"/rows/*.jsonl >"$out/rows.jsonl"
tar -C "$work" -czf "$out/logs.tar.gz" logs
"$python" "$here/report.py" --out "$out" "$out/rows.jsonl" || failed+=(report)
[ ${#failed[@]} -eq 0 ] || { printf 'FAILED: %s\n' "${failed[*]}"; exit 1; }
