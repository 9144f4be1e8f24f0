namespace NeuralOde.Cli.Bench;

/// <summary>What is measured: T = 1 in so many steps.</summary>
internal sealed record PrecisionBenchOptions
{
    public long Steps { get; init; } = 20;
}

/// <summary>One precision of one dynamics. Errors are relative to the same steps and backprop in float64; NaN where there is nothing to compare.</summary>
internal sealed record PrecisionRow(string Dynamics, string Precision)
{
    public required Status Status { get; init; }

    public required double ForwardError { get; init; }

    public required double GradientError { get; init; }

    /// <summary>Of backprop in the same precision: what rounding costs without a reverse sweep. NaN for exact reversal, which has none.</summary>
    public required double BackpropGradientError { get; init; }

    public required SolverStatistics Statistics { get; init; }

    public required long PeakBytes { get; init; }
}

/// <summary>What lower precision inside f, and exact reversal, do to the gradient.</summary>
internal static class PrecisionBench
{
    private const double Time = 1;

    private static readonly IReadOnlyList<(string Name, DType Type, bool Autocast, Reversal Reversal)> Precisions =
    [
        ("float64", DType.Float64, false, Reversal.Float),
        ("float32", DType.Float32, false, Reversal.Float),
        ("float32, exact", DType.Float32, false, Reversal.Exact),
        ("bfloat16 in f, float32 z and v", DType.Float32, true, Reversal.Float),
        ("bfloat16 in f, exact z and v", DType.Float32, true, Reversal.Exact),
    ];

    /// <summary>Measures every dynamics in every precision.</summary>
    public static IReadOnlyList<PrecisionRow> Run(PrecisionBenchOptions options)
    {
        TensorMemory.EnableTracking();
        using var scope = new TensorScope();
        return [.. BenchDynamics.ForPrecision().SelectMany(dynamics => Measure(dynamics, options.Steps))];
    }

    public static string Table(IReadOnlyList<PrecisionRow> rows) => string.Join('\n', rows.GroupBy(row => row.Dynamics).Select(group =>
        $"{group.Key}\n\n" + TextTable.Render(
            ["precision", "forward error", "drift", "gradient error", "of backprop", "snapshots", "peak bytes", "status"],
            group.Select(row => (IReadOnlyList<string>)
            [
                row.Precision, ErrorText.Of(row.ForwardError), ErrorText.Of(row.Statistics.ReconstructionError), ErrorText.Of(row.GradientError),
                ErrorText.Of(row.BackpropGradientError), $"{row.Statistics.Snapshots:n0}", $"{row.PeakBytes:n0}",
                row.Status == Status.Ok ? "" : Terminal.Name(row.Status),
            ])))) + "\nfloat16 inside f needs a GPU; it is not measured here.\n";

    private static IEnumerable<PrecisionRow> Measure(BenchDynamics dynamics, long steps)
    {
        SolverOptions solver = new() { StepSize = Time / steps };
        var backprop = solver with { Gradient = GradientMethod.Backprop };
        var reference = Probe.Run(dynamics, DType.Float64, Time, backprop);
        foreach (var (name, type, autocast, reversal) in Precisions)
        {
            var probe = Probe.Run(dynamics, type, Time, solver with { Reversal = reversal }, autocast);
            var graph = reversal == Reversal.Exact ? null : Probe.Run(dynamics, type, Time, backprop, autocast);
            yield return new(dynamics.Name, name)
            {
                Status = probe.Status,
                ForwardError = Probe.Error(probe.State, reference.State),
                GradientError = Probe.Error(probe.Gradient, reference.Gradient),
                BackpropGradientError = graph is null ? double.NaN : Probe.Error(graph.Gradient, reference.Gradient),
                Statistics = probe.Statistics,
                PeakBytes = probe.PeakBytes,
            };
        }
    }
}
