#!/usr/bin/env bash
# Builds the native library and runs its tests against the libtorch, compiler and cmake of another Debian, in a folder made by debootstrap
# (root, 4 GB): trixie has libtorch 2.6 and g++ 14; sid has what is newest. Shows that one source serves libtorch 1.13 and 2.x.
# Usage: tests/compat/run.sh [SUITE = trixie [FOLDER = out/compat/SUITE]]     FOLDER is kept, so that a second run starts at the build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
suite=${1:-trixie}
root=$(realpath -m "${2:-out/compat/$suite}")
packages=g++,cmake,make,ninja-build,pkgconf,libtorch-dev,libopenblas0-pthread,libturbojpeg0-dev,libpng-dev,zlib1g-dev,nlohmann-json3-dev,libgtest-dev,libgmock-dev
[ "$(id -u)" -eq 0 ] || { echo "tests/compat/run.sh: needs root for chroot" >&2; exit 1; }
command -v debootstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }

if [ ! -e "$root/ready" ]; then
  mirror=$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)   # the machine's own Debian mirror
  rm -rf "$root"; mkdir -p "$root"
  debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log"; exit 1; }
  touch "$root/ready"
fi

rm -rf "$root/source"; mkdir -p "$root/source"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done | xargs -0 cp --parents -t "$root/source"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
chroot "$root" sh -ec 'cd /source
  cmake --preset cpu-release -B /build -DNEURALODE_BENCHMARKS=OFF -Wno-dev --log-level=WARNING >/dev/null
  cmake --build /build -j "${JOBS:-2}" -- -k 0
  dpkg-query -W -f "libtorch \${Version}\n" libtorch-dev
  ctest --test-dir /build -j 2 --output-on-failure'
