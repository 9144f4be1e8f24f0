#!/usr/bin/env bash
# Makes what run.sh needs on a machine with a GPU that has no network: archives to take along.
# Usage: benchmarks/gpu/carry.sh DIR [TORCHDIFFEQPACK_DIR]      on a Debian 12 machine, after ./build.sh build
#
#   DIR/deps.tar.xz      headers and libraries that the build asks for besides libtorch and CUDA (--deps)
#   DIR/dotnet.tar.xz    the .NET runtime that `dotnet` here runs (--dotnet)
#   DIR/managed.tar.xz   out/bin, the managed command line; without the native library, which is built there (--managed)
#   DIR/TorchDiffEqPack  the package of that checkout (--torchdiffeqpack)
#   DIR/commit           of this checkout (--commit "$(cat DIR/commit)")
# The packages need not be installed, but apt-get must be able to download them.
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: benchmarks/gpu/carry.sh DIR [TORCHDIFFEQPACK_DIR]" >&2; exit 2; }
mkdir -p "$1"
target=$(cd "$1" && pwd)
pack=${2:-}
[ -z "$pack" ] || pack=$(cd "$pack" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

packages=(libgtest-dev libgmock-dev googletest nlohmann-json3-dev libturbojpeg0-dev libturbojpeg0 libpng-dev libpng16-16 zlib1g-dev zlib1g)

make_deps() {
  mkdir "$scratch/packages" "$scratch/deps"
  # Where apt's own user reads the folder too, it says nothing.
  chmod a+rwx "$scratch" "$scratch/packages"
  (cd "$scratch/packages" && apt-get download -qq "${packages[@]}")
  local package folder link
  for package in "$scratch"/packages/*.deb; do dpkg -x "$package" "$scratch/deps"; done
  cd "$scratch/deps"
  # zlib1g has its library in /lib, and the link to it in /usr/lib is absolute.
  if [ -d lib ] && [ ! -L lib ]; then cp -a lib/. usr/lib/; rm -r lib; fi
  # zlib1g-dev has one header beside those that compilers are told of.
  for folder in usr/include/*-linux-gnu; do if [ -d "$folder" ]; then cp -a "$folder/." usr/include/; rm -r "$folder"; fi; done
  find . -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do ln -sfn "$(basename "$(readlink "$link")")" "$link"; done
  rm -rf usr/share/doc usr/share/man usr/bin usr/src usr/lib/*/libturbojpeg.a usr/lib/*/libpng*.a
  tar -C "$scratch/deps" -cJf "$target/deps.tar.xz" .
}

make_dotnet() {
  local root version
  root=$(dirname "$(readlink -f "$(command -v dotnet)")")
  version=$(dotnet --list-runtimes | sed -n 's/^Microsoft.NETCore.App \([0-9.]*\) .*/\1/p' | sort -V | tail -n 1)
  tar -C "$root" -cJf "$target/dotnet.tar.xz" dotnet "host/fxr/$version" "shared/Microsoft.NETCore.App/$version"
}

(make_deps)
make_dotnet
tar -C out/bin --exclude='libneuralode.so*' --exclude='*.pdb' -cJf "$target/managed.tar.xz" .
git rev-parse HEAD >"$target/commit"
[ -z "$(git status --porcelain)" ] || echo "$(cat "$target/commit")-changed" >"$target/commit"
if [ -n "$pack" ]; then
  rm -rf "$target/TorchDiffEqPack"
  mkdir "$target/TorchDiffEqPack"
  (cd "$pack" && find TorchDiffEqPack -name '*.py' -print0 | tar --null -cf - -T -) | tar -C "$target/TorchDiffEqPack" -xf -
  git -C "$pack" rev-parse HEAD >"$target/TorchDiffEqPack/commit" 2>/dev/null || rm -f "$target/TorchDiffEqPack/commit"
fi
du -ah --max-depth=1 "$target"
