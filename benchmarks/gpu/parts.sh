# shellcheck shell=bash disable=SC2154
# The parts of run.sh: each a function that writes rows to $rows and fails where something is wrong. Sourced; all names are run.sh's.

# Tests whose names say that they are for a GPU.
gpu_tests='*gpu*:*Gpu*:*GPU*:*cuda*:*Cuda*:*CUDA*'

need() {  # need FILE: built by the part build
  [ -f "$1" ] || { echo "$1 is not there; run the part build first"; exit 1; }
}

need_gpu() {
  [ "$device" != cpu ] || { echo "left out: $1 needs a GPU"; exit 0; }
}

unpacked() {  # unpacked NAME PATH: the folder PATH, or what the archive PATH holds, once
  if [ -d "$2" ]; then
    echo "$2"
  else
    if [ ! -e "$work/$1/.unpacked" ] || [ "$2" -nt "$work/$1/.unpacked" ]; then
      rm -rf "${work:?}/$1"
      mkdir -p "$work/$1"
      tar -C "$work/$1" -xf "$2" >&2 || return 1   # in $(...), where -e does not hold
      touch "$work/$1/.unpacked"
    fi
    echo "$work/$1"
  fi
}

part_build() {
  local prefix targets=(neuralode gpu_steps) options=(-DNEURALODE_BENCHMARKS=ON) architecture nvtx
  prefix=$("$python" -c 'import torch; print(torch.utils.cmake_prefix_path)')
  if [ -n "$deps" ]; then prefix=$(unpacked deps "$deps")/usr:$prefix; fi
  if [ "$device" != cpu ]; then
    targets+=(neuralode_tests kernel_bandwidth)
    # For the GPU that is here alone: the others would take their time and are not run.
    architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d '. ')
    options+=("-DNEURALODE_CUDA_ARCHITECTURES=$architecture")
    # libtorch's CMake files look for these headers where libtorch was built.
    for nvtx in "$(dirname "$(command -v nvcc)")"/../{include,targets/x86_64-linux/include}; do
      [ ! -d "$nvtx/nvtx3" ] || options+=("-Dnvtx3_dir=$(realpath "$nvtx")")
    done
  fi
  export CMAKE_PREFIX_PATH=$prefix${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
  echo "CMAKE_PREFIX_PATH=$CMAKE_PREFIX_PATH"
  timeout 120 cmake --preset "$preset" -Wno-dev -DNEURALODE_WERROR=OFF "${options[@]}"   # compilers and libtorchs that nobody tried
  # -k: what else can be built is, so that its parts run.
  timeout 540 cmake --build "$build" --parallel "$(nproc)" --target "${targets[@]}" -- -k 0
}

run_tests() {  # run_tests SHARDS SECONDS FILTER NAME [--skips-allowed]: as many processes side by side, each with its share
  local shards=$1 seconds=$2 filter=$3 name=$4 shard status=0 running=() results=()
  shift 4
  for ((shard = 0; shard < shards; ++shard)); do
    results+=("$work/tests-$shard.json")
    rm -f "${results[-1]}"
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard OPENBLAS_NUM_THREADS=1 timeout "$seconds" "$build/bin/neuralode_tests" \
      --gtest_brief=1 --gtest_filter="$filter" --gtest_output="json:${results[-1]}" &
    running+=($!)
  done
  for shard in "${running[@]}"; do wait "$shard" || status=1; done
  "$python" "$here/count_tests.py" "$@" "$name" "${results[@]}" >>"$rows" || status=1
  return $status
}

part_tests() {
  need_gpu tests
  need "$build/bin/neuralode_tests"
  local status=0
  run_tests 1 240 "$gpu_tests" "for the GPU" || status=1
  [ ${#quick[@]} -gt 0 ] || run_tests "$((($(nproc) + 1) / 2))" 300 "*:-$gpu_tests" "the others of neuralode_tests" --skips-allowed || status=1
  return $status
}

sanitize() {  # sanitize TOOL SECONDS FILTER [UNCACHED]
  local log=$work/logs/$1.log status=0 summary
  # Uncached, every tensor is its own allocation, so that a byte beyond its end is one that is not there; graphs need the cache. What libtorch
  # asks of CUDA in vain is no error.
  env ${4:+PYTORCH_NO_CUDA_MEMORY_CACHING=1} timeout "$2" compute-sanitizer --tool "$1" --report-api-errors no --error-exitcode 86 \
    "$build/bin/neuralode_tests" --gtest_brief=1 --gtest_filter="$3" >"$log" 2>&1 || status=$?
  summary=$(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' "$log" | tail -n 1 | sed 's/^=* *//' || true)
  tail -n 40 "$log"
  [ $status -ne 124 ] || summary="did not end within $2 s"
  [ -n "$summary" ] || status=1   # it said nothing of the program
  printf '{"kind": "sanitizer", "tool": "%s", "ok": %s, "summary": "%s"}\n' "$1" "$([ $status -eq 0 ] && echo true || echo false)" \
    "${summary:-none: status $status}" >>"$rows"
  [ $status -eq 0 ]
}

part_sanitizer() {
  need_gpu sanitizer
  need "$build/bin/neuralode_tests"
  command -v compute-sanitizer >/dev/null || { echo "compute-sanitizer is not on the PATH"; exit 1; }
  "$build/bin/neuralode_tests" --gtest_list_tests --gtest_filter="$gpu_tests" | grep -q '^  ' || { echo "no test has a name of $gpu_tests"; exit 1; }
  local found=0
  sanitize memcheck 200 "$gpu_tests" uncached || found=1
  sanitize memcheck 100 '*GraphsOnGpu*' || found=1
  sanitize racecheck 200 "$gpu_tests" uncached || found=1
  return $found
}

part_kernels() {
  need_gpu kernels
  need "$build/bin/kernel_bandwidth"
  timeout 240 "$build/bin/kernel_bandwidth" "${quick[@]}" --rows "$rows"
}

part_steps() {
  need "$build/bin/gpu_steps"
  timeout 420 "$build/bin/gpu_steps" --device "$device" "${quick[@]}" --rows "$rows"
}

part_peers() {
  timeout 420 "$python" "$here/peers/torch_peers.py" --device "$device" "${quick[@]}" --rows "$rows" ${pack:+--torchdiffeqpack "$pack"}
}

part_diffrax() {
  timeout 300 "$python" "$here/peers/diffrax_peer.py" --device "$device" "${quick[@]}" --rows "$rows"
}

# Sets command_line to the program and its first arguments that run the managed command line on the library that was built here.
find_command_line() {
  local folder=$root/out/bin runtime
  if [ -n "$managed" ]; then folder=$(unpacked managed "$managed"); fi
  if [ -n "$dotnet" ]; then
    DOTNET_ROOT=$(unpacked dotnet "$dotnet")
    export DOTNET_ROOT
    runtime=$DOTNET_ROOT/dotnet
  else
    runtime=$(command -v dotnet) || { echo "there is no dotnet; give a runtime with --dotnet"; exit 1; }
  fi
  [ -f "$folder/NeuralOde.Cli.dll" ] || { echo "$folder holds no NeuralOde.Cli.dll; give out/bin of a ./build.sh build with --managed"; exit 1; }
  export NEURALODE_LIBRARY=$build/lib/libneuralode.so DOTNET_CLI_TELEMETRY_OPTOUT=1
  command_line=("$runtime" "$folder/NeuralOde.Cli.dll")
}

train() {  # train WORK SECONDS ARGUMENT...: one run through the managed command line, its JSON a row
  local name=$1 limit=$2 run=$work/run-$1 workers images status=0
  shift 2
  [ -n "$data" ] || { echo "give the images with --data"; exit 1; }
  need "$build/lib/libneuralode.so"
  images=$(unpacked data "$data")
  find_command_line
  "${command_line[@]}" info
  workers=$(nproc)
  workers=$((workers > 3 ? workers - 2 : workers))
  rm -rf "$run"
  set -- train --model resnet18-ode --device "$device" --precision bf16 --graphs auto --workers "$workers" "$@"
  printf 'neuralode %s\n' "$*"
  # Asked to end, it does so after its step, with a checkpoint.
  timeout -s TERM -k 30 "$limit" "${command_line[@]}" "$@" --data "$images" --run "$run" --json >"$work/$name.json" || status=$?
  cat "$work/$name.json"
  cp "$run/log.jsonl" "$work/logs/$name-log.jsonl" 2>/dev/null || true
  [ $status -eq 0 ] || return $status
  "$python" -c 'import json, sys
row = json.load(open(sys.argv[1]))
row.update(kind="training", work=sys.argv[2], command=" ".join(sys.argv[3:]))
print(json.dumps(row))' "$work/$name.json" "$name" "$@" >>"$rows"
}

# Batch and rate of four times the recipe's, which a GPU fills; the schedule fits itself to the minutes.
part_train() {
  train cifar10 "$(awk "BEGIN { print int(60 * $minutes) + 60 }")" --batch-size 512 --lr 0.4 --max-minutes "$minutes" --evaluate-every 1000
}

# What the whole way through C# reaches at 224 px, where the images are resized from those of CIFAR-10.
part_throughput() {
  local steps=80
  [ ${#quick[@]} -eq 0 ] || steps=2
  train throughput 240 --image-size 224 --batch-size 128 --max-steps $steps --evaluate-every 1000
}
