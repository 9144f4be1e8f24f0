using System.CommandLine;

namespace NeuralOde.Cli.Commands;

/// <summary>The options that set up the process: threads and seed.</summary>
internal sealed class ProcessArguments
{
    private readonly Option<long?> _threads = Values.Count("--threads", "Threads of one operation; all processors by default.");
    private readonly Option<long?> _seed = Values.Count("--seed", "Seed of everything random, 0 by default.");

    public IEnumerable<Option> All => [_threads, _seed];

    /// <summary>The seed that was given, or null.</summary>
    public ulong? Seed(ParseResult parsed) => (ulong?)parsed.GetValue(_seed).Check(s => s >= 0, "--seed", "[0, 2^63)");

    /// <summary>Sets threads and seed, and starts counting memory.</summary>
    public void Apply(ParseResult parsed)
    {
        var threads = parsed.GetValue(_threads).Check(n => n is >= 1 and <= 4096, "--threads", "[1, 4096]");
        var seed = Seed(parsed);
        TensorMemory.EnableTracking();
        Library.Threads = (int)(threads ?? Environment.ProcessorCount);   // libtorch's own default is 1 on some virtual machines
        Library.ManualSeed(seed ?? 0);
    }
}
