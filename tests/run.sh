#!/usr/bin/env bash
# Runs every test of a built tree: native, native under sanitizers, managed, packages, Python, Node. Called by ./build.sh test.
# The last line sums all runners: "N passed, N failed, N skipped". Exit 0 only if nothing failed and every runner ran tests.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
logs=out/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0 broken=0

add() {  # add NAME PASSED FAILED SKIPPED
  set -- "$1" "${2:-0}" "${3:-0}" "${4:-0}"   # a runner that died has printed no numbers
  printf '== %s: %d passed, %d failed, %d skipped\n' "$@"
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
  [ $(($2 + $3)) -gt 0 ] || { echo "== $1: ran no test"; broken=1; }
}

run_ctest() {  # run_ctest PRESET
  local log="$logs/ctest-$1.log" results="$logs/ctest-$1.xml"
  rm -f "$results"
  ctest --preset "$1" --output-on-failure --output-junit "$PWD/$results" >"$log" 2>&1 || { broken=1; tail -n 80 "$log"; }
  local total bad left
  total=$(sed -n 's/.*tests="\([0-9]*\)".*/\1/p' "$results" | head -n 1)
  bad=$(sed -n 's/.*failures="\([0-9]*\)".*/\1/p' "$results" | head -n 1)
  left=$(sed -n 's/.*skipped="\([0-9]*\)".*/\1/p' "$results" | head -n 1)
  local case reason   # a suite counts as skipped where all its cases were; each of them says why
  case=$(grep -c '^needs a' "$results"); reason=$(grep -m 1 '^needs a' "$results")
  [ "$case" = 0 ] || echo "   skipped $case cases of $1: $reason"
  add "native ($1)" $((${total:-0} - ${bad:-0} - ${left:-0})) "${bad:-0}" "${left:-0}"
}

run_dotnet() {  # run_dotnet PROJECT...: side by side, for each keeps one core busy
  local -A running
  local project
  for project; do
    dotnet test "$project" -c Release --no-build --nologo --logger "console;verbosity=minimal" >"$logs/$(basename "$project").log" 2>&1 &
    running[$project]=$!
  done
  for project; do
    wait "${running[$project]}" || { broken=1; tail -n 80 "$logs/$(basename "$project").log"; }
    add_dotnet "$(basename "$project")"
  done
}

add_dotnet() {  # add_dotnet NAME
  local name=$1 log="$logs/$1.log"
  # The runner's closing line: "Passed!  - Failed:     0, Passed:    36, Skipped:     0, Total:    36, ..."
  local line; line=$(grep -E 'Failed: +[0-9]+, Passed: +[0-9]+' "$log" | tail -n 1)
  number() { sed -n "s/.*$1: *\([0-9]*\).*/\1/p" <<<"$line"; }
  add "$name" "$(number Passed || true)" "$(number Failed || true)" "$(number Skipped || true)"
}

out_of() {  # out_of NAME LOG: adds what a log's last line "N passed, N failed, N skipped" counts
  local counts; counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$2" | tail -n 1)
  add "$1" ${counts:-0 0 0}
}

run_packaging() {
  local log="$logs/packaging.log"
  tests/packaging/run.sh >"$log" 2>&1 || { broken=1; grep -A 30 '^FAILED' "$log" || tail -n 30 "$log"; }
  grep '^skipped' "$log"
  out_of packages "$log"
}

run_python() {  # with a Python whose torch has the libtorch that the library was built with
  local log="$logs/python.log" python said
  export NEURALODE_LIBRARY="$PWD/out/lib/libneuralode.so" PYTHONPATH="$PWD/python" PYTHONDONTWRITEBYTECODE=1
  for python in ${NEURALODE_PYTHON:-/usr/bin/python3 python3}; do
    "$python" -c 'import torch' 2>/dev/null || continue
    said=$("$python" -c 'import neuralode' 2>&1) || [[ $said != *'another libtorch'* ]] || continue
    "$python" tests/python/run.py >"$log" 2>&1 || { broken=1; tail -n 80 "$log"; }
    out_of python "$log"
    return
  done
  echo "== python: left out: no Python here has torch on this build's libtorch (python3-torch, or name one in NEURALODE_PYTHON)"
}

run_node() {
  local log="$logs/node.log" folder=out/test-node
  mkdir -p "$folder" && cp tests/node/* "$folder"
  if ! command -v node npm >/dev/null || ! npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-package-lock >"$log" 2>&1; then
    echo "== node: left out: node, npm or its package koffi cannot be had here"
    return
  fi
  node "$folder/pendulum.mjs" "$PWD/out/lib/libneuralode.so" >"$log" 2>&1 && add node 1 0 0 || { broken=1; tail -n 20 "$log"; add node 0 1 0; }
}

export LC_ALL=C.UTF-8 DOTNET_CLI_UI_LANGUAGE=en
run_ctest cpu-release
cmake --preset asan -Wno-dev --log-level=WARNING >/dev/null && cmake --build --preset asan >"$logs/asan-build.log" 2>&1 \
  && run_ctest asan || { tail -n 40 "$logs/asan-build.log"; broken=1; }
mapfile -t suites < <(printf '%s\n' tests/managed/*.Tests | grep -v TorchSharp)
[ -z "${TorchSharpDir:-}${TorchSharpPackage:-}" ] || suites+=(tests/managed/NeuralOde.TorchSharp.Tests)
run_dotnet "${suites[@]}"
run_packaging
run_python
run_node

[ "$broken" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1   # a runner that died is a failure even where it counted none
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
