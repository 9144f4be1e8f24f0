using System.Diagnostics;

namespace NeuralOde.Managed.Tests;

/// <summary>The managed build runs without the native library: in a process of its own, which tells what it has loaded.</summary>
[TestFixture]
public sealed class NativeLibraryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Test]
    public void A_managed_solve_and_backward_load_no_native_library()
    {
        var lines = Run(AppContext.BaseDirectory);

        // dz/dt = 0.7 tanh(1.5 z + 0.1) + 0.2: dz(1)/dz(0) = f(z(1)) / f(z(0)) > 1.
        Assert.That(lines, Has.Length.EqualTo(2).And.All.Match(@"^(Alf|Dopri5): 1\.\d+$"));
    }

    [Test]
    public void They_run_where_there_is_no_native_library()
    {
        var folder = Directory.CreateTempSubdirectory("neuralode-managed-");
        try
        {
            foreach (var file in Directory.GetFiles(AppContext.BaseDirectory))
            {
                if (Path.GetFileName(file) is "libneuralode.so" or "neuralode.dll") continue;
                File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            }

            Assert.That(Run(folder.FullName), Has.Length.EqualTo(2));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public void A_native_call_is_seen() => Assert.That(Run(AppContext.BaseDirectory, "native"), Has.Some.Contains("neuralode").And.Some.Contains("torch"));

    private static string[] Run(string folder, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "NeuralOde.Managed.Tests.dll"), .. args])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment.Remove("NEURALODE_LIBRARY");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        Assert.That(process.WaitForExit(Patience), Is.True, "did not end");
        Assert.That(process.ExitCode, Is.Zero, error.Result);
        return output.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
