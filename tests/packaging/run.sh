#!/usr/bin/env bash
# Packs a built tree into a feed of its own, looks into the packages, and builds and runs users' projects on them outside the repository.
# Called by tests/run.sh. The last line counts: "N passed, N failed, N skipped". Exit 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD here=$PWD/tests/packaging
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
export LC_ALL=C.UTF-8 DOTNET_CLI_UI_LANGUAGE=en DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
unset NEURALODE_LIBRARY NEURALODE_SKIP_TORCH_CHECK

check() {  # check CLAIM COMMAND...: what the command prints is shown where it fails
  local claim=$1; shift
  if "$@" >"$work/output" 2>&1; then
    passed=$((passed + 1)); echo "ok      $claim"
  else
    failed=$((failed + 1)); echo "FAILED  $claim"; tail -n 30 "$work/output" | sed 's/^/        /'
  fi
}
skip() { skipped=$((skipped + 1)); echo "skipped $*"; }
finish() { printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"; [ "$failed" -eq 0 ]; exit; }

# One revision for both, as a copy of the sources knows none.
pack() { dotnet msbuild packaging/pack.proj -v:quiet -nologo -p:VersionSuffix=test -p:SourceRevisionId=0 "$@"; }

check "packs" pack -p:Feed="$work/feed/"
[ "$failed" -eq 0 ] || finish
version=$(basename "$work"/feed/NeuralOde.[0-9]*.nupkg .nupkg) version=${version#NeuralOde.}
native=$(cd "$work/feed" && ls NeuralOde.Native.runtime.*.nupkg | grep -v -- -cuda) native=${native%".$version.nupkg"}
platform=${native##*.}

source "$here/contents.sh"
source "$here/consumers.sh"
source "$here/libtorch.sh"
finish
