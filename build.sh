#!/usr/bin/env bash
# Builds, tests and runs everything. Usage: ./build.sh [build|test|demo|bench|pack]   (see README.md)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-2}"

packages=(g++ make pkg-config cmake ninja-build ccache libturbojpeg0-dev libpng-dev zlib1g-dev nlohmann-json3-dev libgtest-dev libgmock-dev libopenblas0-pthread)
[ -n "${CMAKE_PREFIX_PATH:-}" ] || packages+=(libtorch-dev)   # a libtorch of one's own comes through CMAKE_PREFIX_PATH

say() { printf '%s\n' "$*" >&2; }

install_packages() {
  command -v dpkg-query >/dev/null || { say "Not a Debian system: make sure of the equivalents of: ${packages[*]}"; return; }
  local missing=() package
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    say "Missing packages; install them and run this again:" "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    exit 1
  fi
  say "Installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

build() {  # build NATIVE_TARGET...
  install_packages
  cmake --preset cpu-release -Wno-dev --log-level=WARNING >/dev/null
  cmake --build --preset cpu-release --target "$@"
  cmake --install out/build/cpu-release --prefix out >/dev/null
  dotnet build NeuralOdeHybrid.sln -c Release -v quiet --nologo
  dotnet publish src/Managed/NeuralOde.Cli -c Release --no-build -o out/bin -v quiet --nologo
  local left="CUDA kernels (docs/cuda.md), the binding generator (needs CppSharp; bindings/README.md)"
  if [ -n "${TorchSharpDir:-}${TorchSharpPackage:-}" ]; then
    dotnet build tests/managed/NeuralOde.TorchSharp.Tests -c Release -v quiet --nologo
  else
    left+=", the TorchSharp adapter (set TorchSharpDir to a folder with TorchSharp, or TorchSharpPackage=true)"
  fi
  say "Built out/bin/neuralode and out/lib/libneuralode.so. Left out: $left."
}

case "${1:-build}" in
  build) build neuralode ;;
  test)
    [ -n "${CMAKE_PREFIX_PATH:-}" ] || packages+=(python3-torch)   # the tests of Python, on the same libtorch
    build all
    exec tests/run.sh ;;
  demo) build neuralode; exec out/bin/neuralode demo --run out/demo "${@:2}" ;;
  bench) build neuralode mali_step reversal_cost per_sample; exec benchmarks/run.sh "${@:2}" ;;
  pack)
    build neuralode
    dotnet msbuild packaging/pack.proj -v:quiet -nologo
    say "Packed:" out/packages/*.*nupkg ;;
  *) say "usage: ./build.sh [build|test|demo|bench|pack]"; exit 2 ;;
esac
