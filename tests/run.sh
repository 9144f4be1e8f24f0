#!/usr/bin/env bash
# Runs every test of a built tree: native, native under sanitizers, managed, packages. Called by ./build.sh test.
# The last line sums all runners: "N passed, N failed, N skipped". Exit 0 only if nothing failed and every runner ran tests.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
logs=out/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0 broken=0

add() {  # add NAME PASSED FAILED SKIPPED
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

run_packaging() {
  local log="$logs/packaging.log" line
  tests/packaging/run.sh >"$log" 2>&1 || { broken=1; grep -A 30 '^FAILED' "$log" || tail -n 30 "$log"; }
  grep '^skipped' "$log"
  line=$(tail -n 1 "$log" | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$')
  # shellcheck disable=SC2086  # three numbers
  add packages $(tr -cd '0-9 ' <<<"${line:-0 0 0}")
}

export LC_ALL=C.UTF-8 DOTNET_CLI_UI_LANGUAGE=en
run_ctest cpu-release
cmake --preset asan -Wno-dev --log-level=WARNING >/dev/null && cmake --build --preset asan >"$logs/asan-build.log" 2>&1 \
  && run_ctest asan || { tail -n 40 "$logs/asan-build.log"; broken=1; }
run_dotnet tests/managed/*.Tests
run_packaging

[ "$broken" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1   # a runner that died is a failure even where it counted none
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
