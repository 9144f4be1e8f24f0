using System.Diagnostics;
using System.Text.RegularExpressions;
using NeuralOde.Tests.Bindings;

namespace NeuralOde.Tests;

/// <summary>README.md's C# examples, compiled and run as they stand there, as programs of their own.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void The_example_compiles_and_prints_what_it_claims()
    {
        var output = OutputOfExample(0);

        // z(1) = (cos 1, -sin 1); dL/dA = integral over [0, 1] of lambda(s) z(s)^T with lambda(s) = exp(A (1 - s))^T (1, 1)^T, by quadrature.
        Assert.Contains("z(1)  = 0.5403 -0.8415", output, StringComparison.Ordinal);
        Assert.Contains("dL/dA = 0.2702 -0.2702 1.1116 -0.5713", output, StringComparison.Ordinal);
        Assert.Contains("evaluations: 1001 forward, 1001 backward", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_of_a_watched_solve_compiles_and_prints_what_it_claims()
    {
        var output = OutputOfExample(1);

        // h = g t^2 / 2: t = sqrt(2 h / g), dt/dg = -t / (2 g).
        Assert.Contains("step 1: t = 0.50", output, StringComparison.Ordinal);
        Assert.Contains("lands at t = 0.7821, dt/dg = -0.0399", output, StringComparison.Ordinal);
    }

    private static string OutputOfExample(int index)
    {
        using var folder = new TestFolder();
        var examples = CSharpBlock().Matches(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "README.md")));
        Assert.True(examples.Count > index, $"README.md has {examples.Count} C# examples between ```csharp and ```");
        File.WriteAllText(folder.File("Program.cs"), examples[index].Groups["code"].Value);
        File.WriteAllText(folder.File("Example.csproj"), Project(typeof(Tensor).Assembly.Location));
        return Run("run", "--project", folder.File("Example.csproj"), "-v", "quiet");
    }

    private static string Project(string library) => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <Nullable>enable</Nullable>
            <ImplicitUsings>enable</ImplicitUsings>
          </PropertyGroup>
          <ItemGroup>
            <Reference Include="{library}" />
            <Reference Include="{Path.Combine(Path.GetDirectoryName(library)!, "NeuralOde.Native.dll")}" />
            <None Include="{Path.Combine(Path.GetDirectoryName(library)!, "libneuralode.so")}" Link="libneuralode.so" CopyToOutputDirectory="PreserveNewest" />
          </ItemGroup>
        </Project>
        """;

    private static string Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)} exited with {process.ExitCode}: {output}{error.Result}");
        return output;
    }

    [GeneratedRegex("```csharp\n(?<code>[^`]*)```")]
    private static partial Regex CSharpBlock();
}
