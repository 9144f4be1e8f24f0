#!/usr/bin/env bash
# Makes bindings/NeuralOde.Native/Generated from native/include/neuralode.
#   generate.sh [generate]   writes the files
#   generate.sh --check      makes them in a temporary folder and compares; exit 1 if they differ. Checks also that the
#                            generator refuses each header in generator/rejected with the message in its first line
# CppSharp comes from NuGet, or from the folder that the environment variable CppSharpDir names.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
project="$root/bindings/generator/NeuralOde.Generator.csproj"
generated="$root/bindings/NeuralOde.Native/Generated"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

build() {
  local source=(-p:CppSharpPackage=true)
  if [ -n "${CppSharpDir:-}" ]; then
    if ! [ -e "$CppSharpDir/CppSharp.Generator.dll" ]; then
      echo "generate.sh: CppSharpDir: '$CppSharpDir' has no CppSharp.Generator.dll; name the output folder of a build of CppSharp v1.2." >&2
      exit 1
    fi
    source=("-p:CppSharpDir=$(cd "$CppSharpDir" && pwd)")
  fi
  if ! dotnet build "$project" -c Release -o "$scratch/tool" -nologo -v quiet -clp:ErrorsOnly "${source[@]}" >"$scratch/log" 2>&1; then
    cat "$scratch/log" >&2
    if grep -q 'NU110[0-9]' "$scratch/log"; then
      echo "generate.sh: the package CppSharp cannot be had from this machine's package sources; set CppSharpDir to the folder of a build of CppSharp v1.2 (the one with CppSharp.Generator.dll)." >&2
    fi
    exit 1
  fi
}

run() { dotnet "$scratch/tool/neuralode-bindings.dll" "$root/native/include/neuralode" "$1"; }

check_rejections() {
  local header expected message
  for header in "$root"/bindings/generator/rejected/*.h; do
    rm -rf "$scratch/rejected"
    mkdir "$scratch/rejected"
    cp "$header" "$scratch/rejected/"
    expected="$(sed -n '1s|^/\* rejected: \(.*\) \*/$|\1|p' "$header")"
    if message="$(dotnet "$scratch/tool/neuralode-bindings.dll" "$scratch/rejected" "$scratch/never" 2>&1)" || [ -e "$scratch/never" ]; then
      echo "generate.sh: the generator accepts $header" >&2
      exit 1
    elif [ -z "$expected" ] || ! grep -qF "$expected" <<<"$message"; then
      printf 'generate.sh: %s is refused, but not with "%s":\n%s\n' "$header" "$expected" "$message" >&2
      exit 1
    fi
  done
}

case "${1:-generate}" in
  generate)
    build
    run "$generated"
    ;;
  --check)
    build
    run "$scratch/generated" >/dev/null
    if ! diff -ru "$generated" "$scratch/generated"; then
      echo "generate.sh: the committed files differ from what the headers give; run bindings/generate.sh and commit the result." >&2
      exit 1
    fi
    check_rejections
    echo "bindings/NeuralOde.Native/Generated is up to date"
    ;;
  *)
    echo "Usage: generate.sh [generate|--check]" >&2
    exit 2
    ;;
esac
