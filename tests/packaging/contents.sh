# What is in the packages. Sourced by run.sh.
for package in "$work"/feed/*.nupkg "$work"/feed/*.snupkg; do
  mkdir -p "$work/content/$(basename "$package")"
  (cd "$work/content/$(basename "$package")" && cmake -E tar xf "$package")
done

has() {  # has PACKAGE FILE...
  local package=$1 file; shift
  for file; do [ -s "$work/content/$package/$file" ] || { echo "$package lacks $file:"; (cd "$work/content/$package" && find . -type f); return 1; }; done
}
says() { grep -q "$2" "$work/content/$1"/*.nuspec || { cat "$work/content/$1"/*.nuspec; return 1; }; }  # says PACKAGE PATTERN

for package in "$work"/content/*.nupkg; do
  name=$(basename "$package")
  check "$name has a readme and the licence" has "$name" README.md LICENSE
  check "$name names the licence" says "$name" '<license type="expression">MIT</license>'
done
check "NeuralOde holds the raw layer" has "NeuralOde.$version.nupkg" lib/net10.0/NeuralOde.{dll,xml} lib/net10.0/NeuralOde.Native.dll
check "NeuralOde depends on no package" bash -c '! grep -q "<dependency " "$1"' _ "$work/content/NeuralOde.$version.nupkg/NeuralOde.nuspec"
check "NeuralOde has symbols" has "NeuralOde.$version.snupkg" lib/net10.0/NeuralOde{,.Native}.pdb
check "NeuralOde.Managed has symbols" has "NeuralOde.Managed.$version.snupkg" lib/net10.0/NeuralOde.Managed.pdb

none_inside() { local found; found=$(find "$work/content" -name 'libtorch*' -o -name 'libc10*'); echo "$found"; [ -z "$found" ]; }
check "no package holds libtorch" none_inside

library=$work/content/$native.$version.nupkg/runtimes/$platform/native/libneuralode.so
needed=$(readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(libtorch_cpu.*\)\]/\1/p')
libtorch=$(readelf -p .neuralode.libtorch "$library" | grep -o '[0-9][0-9.]*$')
stripped() { local sections; sections=$(readelf -S "$library"); echo "$sections"; [[ $sections != *.symtab* && $sections != *.debug_* ]] && [ -s "$work/feed/$native.$version.symbols/libneuralode.so.debug" ]; }
runpath() { local dynamic; dynamic=$(readelf -d "$library"); echo "$dynamic"; [[ $dynamic == *'runpath: [$ORIGIN]'* ]]; }
check "the native library is without symbols, which lie apart" stripped
check "the native library looks beside itself and in the system's folders only" runpath
check "the native library and its package name libtorch $libtorch" says "$native.$version.nupkg" "built for libtorch ${libtorch%.*} (it loads $needed)"

same_elsewhere() (
  mkdir "$work/elsewhere" && cp -r .editorconfig Directory.* LICENSE bindings packaging src "$work/elsewhere" && cd "$work/elsewhere" || return 1
  pack -p:PackOnly=managed -p:Feed="$work/again/" || return 1
  local package file differ=0
  for package in "$work"/again/*.*nupkg; do
    mkdir -p "$work/other" && (cd "$work/other" && cmake -E tar xf "$package")
    for file in "$work"/other/lib/net10.0/*; do
      cmp "$file" "$work/content/$(basename "$package")/lib/net10.0/$(basename "$file")" || differ=1
    done
    rm -rf "$work/other"
  done
  return $differ
)
check "packed from another folder, every file of the managed packages and their symbols has the same bytes" same_elsewhere
no_path() { ! grep -rlaF "$root/" "$work"/content/*/lib; }
check "nothing in the managed packages names the folder that they were built in" no_path
