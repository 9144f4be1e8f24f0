# Which libtorch a program gets, and what it says where there is none or the wrong one. Sourced by run.sh.
app=$work/native-plain/app
real=$(ldd "$library" | sed -n "s/.*$needed => \([^ ]*\).*/\1/p")

program() {  # program NAME: a copy of the plain program
  cp -r "$app" "$work/$1"
  libraries=$work/$1/runtimes/$platform/native
  [ -d "$libraries" ] || libraries=$work/$1
}
rename() {  # rename FILE FROM TO: a name in its dynamic table, TO no longer than FROM
  local padding; padding=$(printf '%*s' $((${#2} - ${#3})) '' | sed 's/ /\\x00/g')
  LC_ALL=C sed -i "s/${2//./\\.}/$3$padding/g" "$1"
}
refuses() {  # refuses PROGRAM TEXT...: exit 1, and says each
  local name=$1 text said; shift
  said=$(cd / && "$work/$name/Consumer" 2>&1) && { echo "exit 0: $said"; return 1; }
  for text; do grep -qF "$text" <<<"$said" || { printf 'no "%s" in\n%s\n' "$text" "$said"; return 1; }; done
}
takes() {  # takes PROGRAM LIBTORCH: computes with that file
  local said; said=$(cd / && "$work/$1/Consumer" 2>&1); echo "$said"
  grep -qxF "$(realpath "$2")" <<<"$said" && grep -qx "numbers are right" <<<"$said"
}
program system
check "the system's libtorch is found" takes system "$real"

program absent
rename "$libraries/libneuralode.so" "$needed" "${needed%?}X"   # a libtorch that no machine has
check "where there is no libtorch the error says what to install" refuses absent "${needed%?}X" "apt-get install" TorchSharp NEURALODE_LIBRARY

program nothing
rm "$libraries/libneuralode.so"
check "where there is no native library the error names its package" refuses nothing "$native" NEURALODE_LIBRARY

# As TorchSharp's packages have it: libtorch_cpu.so without a version, in a folder that the loader does not look into.
program beside
cp "$libraries/libneuralode.so" "$work/ours.so" && rename "$work/ours.so" "$needed" libtorch_cpu.so
rm "$libraries/libneuralode.so"
cp "$real" "$libraries/libtorch_cpu.so" && rename "$libraries/libtorch_cpu.so" "$needed" libtorch_cpu.so
export NEURALODE_LIBRARY=$work/ours.so
check "a libtorch in the program's packages is taken before the system's" takes beside "$libraries/libtorch_cpu.so"

cc -shared -fPIC -Wl,-soname,libtorch_cpu.so -o "$work/libtorch_cpu.so" "$here/fake_libtorch.c"
program other
cp "$work/libtorch_cpu.so" "$libraries/"
check "a libtorch of another version in the packages is refused, with both versions and the remedy" \
  refuses other "$libtorch" 2.99.1 CMAKE_PREFIX_PATH NEURALODE_SKIP_TORCH_CHECK
program loaded
export LD_PRELOAD=$work/libtorch_cpu.so
check "a libtorch of another version in the process is refused, with both versions" refuses loaded "$libtorch" "the process has libtorch 2.99.1"
unset LD_PRELOAD NEURALODE_LIBRARY

if [ "$needed" != libtorch_cpu.so ]; then
  program named
  cp "$work/libtorch_cpu.so" "$libraries/"
  check "a libtorch of another name in the packages is refused: it would be the process's second" refuses named "$needed" 2.99.1 libtorch_cpu.so
  export NEURALODE_SKIP_TORCH_CHECK=1
  check "NEURALODE_SKIP_TORCH_CHECK=1 turns the check off" takes named "$real"
  unset NEURALODE_SKIP_TORCH_CHECK
else
  skip "libtorch under another name: this build loads libtorch_cpu.so itself"
fi
