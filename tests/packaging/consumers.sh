# Users' projects: fresh folders, the feed beside the configured sources, a package folder of their own. Sourced by run.sh.
shared=$(dotnet nuget locals global-packages --list | sed 's/^global-packages: *//')
cat >"$work/nuget.config" <<XML
<configuration>
  <packageSources><add key="packaging-test" value="$work/feed" /></packageSources>
  <fallbackPackageFolders><add key="machine" value="$shared" /></fallbackPackageFolders>
</configuration>
XML
export NUGET_PACKAGES=$work/packages

make_consumer() (  # make_consumer KIND FORM OPTION...: publishes tests/packaging/KIND to $work/KIND-FORM/app
  kind=$1 folder=$work/$1-$2; shift 2
  cp -r "$here/$kind" "$folder" && cd "$folder" || return 1
  dotnet publish -c Release -v quiet --nologo -o app -p:PackageVersion="$version" -p:NativePlatform="$platform" "$@" >"$folder.log" 2>&1 && touch "$folder.made"
)
made() { cat "$work/$1.log"; [ -e "$work/$1.made" ]; }
right() { (cd / && "$@" | tee /dev/stderr | grep -qx "numbers are right"); }

fresh=(-r "$platform" --self-contained true)
trimmed=("${fresh[@]}" -p:PublishTrimmed=true -p:TrimmerSingleWarn=false)
single=("${fresh[@]}" -p:PublishSingleFile=true -p:IncludeNativeLibrariesForSelfExtract=true)
{ make_consumer native plain; make_consumer native trimmed "${trimmed[@]}"; make_consumer native single-file "${single[@]}"; } &
make_consumer managed plain; make_consumer managed trimmed "${trimmed[@]}"; make_consumer managed single-file "${single[@]}"
wait

for program in {native,managed}-{plain,trimmed,single-file}; do
  check "a program of its own is made without a warning: $program" made "$program"
  check "and computes: $program" right "$work/$program/app/Consumer"
done
one_file() { find "$work/native-single-file/app" -type f ! -name '*.pdb' | tee /dev/stderr | wc -l | grep -qx 1; }
check "the single-file program is one file" one_file

make_consumer native aot -r "$platform" -p:PublishAot=true
if grep -q 'NU1101.*\(ILCompiler\|[Rr]untime\.\)\|Platform linker' "$work/native-aot.log"; then
  skip "native-aot: the configured sources or this machine lack what .NET needs for it"
else
  check "a program of its own is made without a warning: native-aot" made native-aot
  check "and computes: native-aot" right "$work/native-aot/app/Consumer"
fi
