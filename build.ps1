# The steps of build.sh for PowerShell. Usage: ./build.ps1 [build|test|demo|bench|pack]
# libtorch, libjpeg-turbo, libpng, zlib, nlohmann-json and GoogleTest come from CMAKE_PREFIX_PATH or the system.
param([ValidateSet('build', 'test', 'demo', 'bench', 'pack')][string]$Verb = 'build', [Parameter(ValueFromRemainingArguments)]$Rest)
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
Set-Location $PSScriptRoot

cmake --preset cpu-release -Wno-dev
$targets = @{ build = 'neuralode'; test = 'all'; demo = 'neuralode'; bench = 'mali_step', 'reversal_cost', 'per_sample', 'neuralode'; pack = 'neuralode' }[$Verb]
cmake --build --preset cpu-release --target $targets
cmake --install out/build/cpu-release --prefix out
dotnet build NeuralOdeHybrid.sln -c Release -v quiet --nologo
$torchSharp = $env:TorchSharpDir -or $env:TorchSharpPackage   # without, the adapter is left out
if ($torchSharp) { dotnet build tests/managed/NeuralOde.TorchSharp.Tests -c Release -v quiet --nologo }
dotnet publish src/Managed/NeuralOde.Cli -c Release --no-build -o out/bin -v quiet --nologo

switch ($Verb) {
  'test' {
    ctest --preset cpu-release
    cmake --preset asan -Wno-dev
    cmake --build --preset asan
    ctest --preset asan
    dotnet test NeuralOdeHybrid.sln -c Release --no-build --nologo
    if ($torchSharp) { dotnet test tests/managed/NeuralOde.TorchSharp.Tests -c Release --no-build --nologo }
    if (Get-Command bash -ErrorAction Ignore) { bash tests/packaging/run.sh }
  }
  'demo' { & out/bin/neuralode demo --run out/demo @Rest }
  'bench' { & out/build/cpu-release/bin/mali_step; & out/build/cpu-release/bin/reversal_cost; & out/build/cpu-release/bin/per_sample }
  'pack' { dotnet msbuild packaging/pack.proj -v:quiet -nologo }
}
