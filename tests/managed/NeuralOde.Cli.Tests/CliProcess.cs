using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace NeuralOde.Cli.Tests;

/// <summary>Runs the real program in a process of its own, for signals.</summary>
internal sealed partial class CliProcess : IDisposable
{
    private const int Sigint = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private CliProcess(string[] args, string? library = null)
    {
        // A shell makes what it runs in the background ignore SIGINT, and that is inherited.
        string[] command = ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "NeuralOde.Cli.dll"), .. args];
        var start = new ProcessStartInfo("env", command)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        if (library is not null) start.Environment["NEURALODE_LIBRARY"] = library;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static CliProcess Start(params string[] args) => new(args);

    /// <summary>Starts it with another native library.</summary>
    public static CliProcess StartWith(string library, params string[] args) => new(args, library);

    /// <summary>Waits until <paramref name="condition"/> holds; fails if the program ends before.</summary>
    public void WaitFor(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.False(_process.HasExited, $"ended too early: {_error}");
            Assert.True(clock.Elapsed < Patience, $"waited too long: {_error}");
            Thread.Sleep(5);
        }
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGINT, as Ctrl-C sends it.</summary>
    public void Interrupt() => Assert.Equal(0, SendSignal(_process.Id, Sigint));

    public CliResult Result()
    {
        Assert.True(_process.WaitForExit(Patience), $"did not end: {_error}");
        _process.WaitForExit();
        return new(_process.ExitCode, _output.ToString(), _error.ToString());
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null) lock (text) text.Append(line).Append('\n');
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
