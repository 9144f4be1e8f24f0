using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace TorchSharpTests;

/// <summary>README.md's TorchSharp example, compiled and run as it stands there.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_example_compiles_and_learns()
    {
        var folder = Directory.CreateTempSubdirectory("neuralode-readme-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "Program.cs"), Example());
            File.WriteAllText(Path.Combine(folder, "Example.csproj"), Project());
            var lines = Run("run", "--project", folder, "-v", "quiet").Split('\n', StringSplitOptions.RemoveEmptyEntries);

            double Loss(int line) => double.Parse(Regex.Match(lines[line], "loss ([0-9.]+),").Groups[1].Value, CultureInfo.InvariantCulture);
            Assert.Equal(2, lines.Length);
            Assert.EndsWith("101 evaluations backward", lines[0], StringComparison.Ordinal);
            Assert.True(Loss(1) < Loss(0) / 4, $"the loss went from {Loss(0)} to {Loss(1)}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Example([CallerFilePath] string here = "")
    {
        var readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../../README.md"));
        return Regex.Matches(readme, "```csharp\n(?<code>[^`]*)```").Select(match => match.Groups["code"].Value)
            .Single(code => code.Contains("NeuralOde.TorchSharp", StringComparison.Ordinal));
    }

    private static string Project()
    {
        var assemblies = ((string[])["NeuralOde*.dll", "TorchSharp.dll", "Google.Protobuf.dll", "ICSharpCode.SharpZipLib.dll"])
            .SelectMany(pattern => Directory.EnumerateFiles(AppContext.BaseDirectory, pattern)).Where(file => !file.EndsWith("Tests.dll", StringComparison.Ordinal));
        return $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup>
                {string.Concat(assemblies.Select(file => $"""<Reference Include="{file}" />"""))}
                <None Include="{AppContext.BaseDirectory}*.so" CopyToOutputDirectory="PreserveNewest" />
              </ItemGroup>
            </Project>
            """;
    }

    private static string Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"dotnet exited with {process.ExitCode}: {output}{error.Result}");
        return output;
    }
}
