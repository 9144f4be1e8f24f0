namespace NeuralOde.Cli.Bench;

/// <summary>What is measured.</summary>
internal sealed record DriftBenchOptions
{
    /// <summary>Lengths of the integration.</summary>
    public IReadOnlyList<double> Times { get; init; } = [1, 10];

    /// <summary>Numbers of fixed steps.</summary>
    public IReadOnlyList<long> Steps { get; init; } = [10, 100, 1000];

    /// <summary>Dampings of alf. What needs 1, exact reversal and other solvers, is measured there only.</summary>
    public IReadOnlyList<double> Etas { get; init; } = [1, 0.9];

    public DType Type { get; init; } = DType.Float32;
}

/// <summary>How the reverse sweep of a row was made.</summary>
internal enum DriftMode
{
    /// <summary>No reverse sweep by inverse steps: the graph is kept. What rounding alone costs.</summary>
    Backprop,

    /// <summary>MALI without snapshots, as published.</summary>
    Plain,

    /// <summary>MALI with automatic snapshots.</summary>
    Automatic,

    /// <summary>MALI in fixed point.</summary>
    Exact,

    /// <summary>Reversible Heun without snapshots, as published.</summary>
    ReversibleHeun,

    /// <summary>The classical Runge-Kutta method coupled by 0.999 without snapshots, as published.</summary>
    CoupledRk4,
}

/// <summary>One solve with its gradient. Errors are relative; NaN where there is nothing to compare.</summary>
internal sealed record DriftRow(string Dynamics, double Eta, double Time, long Steps, DriftMode Mode)
{
    /// <summary>Ok, or why a sweep failed.</summary>
    public required Status Status { get; init; }

    /// <summary>Of z(T), against the exact solution.</summary>
    public required double ForwardError { get; init; }

    /// <summary>Of dL/dz0 and dL/dtheta together, against backprop through the same steps in float64.</summary>
    public required double GradientError { get; init; }

    public required SolverStatistics Statistics { get; init; }

    public required long PeakBytes { get; init; }
}

/// <summary>Forward error, drift and gradient error of the ways to reverse a solve.</summary>
internal static class DriftBench
{
    private const double Coupling = 0.999;

    /// <summary>Measures every dynamics, damping, time and number of steps.</summary>
    public static IReadOnlyList<DriftRow> Run(DriftBenchOptions options, Action<string> log)
    {
        TensorMemory.EnableTracking();
        using var scope = new TensorScope();
        var rows = new List<DriftRow>();
        foreach (var dynamics in BenchDynamics.ForDrift())
        {
            log($"measuring {dynamics.Name}");
            foreach (var (eta, time) in Cases(options)) rows.AddRange(Measure(dynamics, eta, time, options));
        }
        return rows;
    }

    /// <summary>A table for each dynamics.</summary>
    public static string Table(IReadOnlyList<DriftRow> rows) => string.Join('\n', rows.GroupBy(row => row.Dynamics).Select(group =>
        $"{group.Key}\n\n" + TextTable.Render(
            ["reverse sweep", "eta", "T", "steps", "forward error", "drift", "gradient error", "snapshots", "made again", "peak bytes", "status"],
            group.Select(row => (IReadOnlyList<string>)
            [
                Name(row.Mode), $"{row.Eta}", $"{row.Time}", $"{row.Steps}", ErrorText.Of(row.ForwardError), ErrorText.Of(row.Statistics.ReconstructionError),
                ErrorText.Of(row.GradientError), $"{row.Statistics.Snapshots:n0}", $"{row.Statistics.StepsReplayed:n0}", $"{row.PeakBytes:n0}",
                row.Status == Status.Ok ? "" : Terminal.Name(row.Status),
            ]))));

    /// <summary>The word for a mode in tables, pictures and JSON.</summary>
    public static string Name(DriftMode mode) => mode switch
    {
        DriftMode.Backprop => "backprop",
        DriftMode.Plain => "plain",
        DriftMode.Automatic => "automatic",
        DriftMode.Exact => "exact",
        DriftMode.ReversibleHeun => "reversible-heun",
        _ => "rk4, coupled",
    };

    private static IEnumerable<(double Eta, double Time)> Cases(DriftBenchOptions options) =>
        options.Etas.SelectMany(eta => options.Times.Select(time => (eta, time)));

    private static IEnumerable<DriftRow> Measure(BenchDynamics dynamics, double eta, double time, DriftBenchOptions options)
    {
        var solution = dynamics.Reference(time);
        foreach (var steps in options.Steps)
        {
            SolverOptions alf = new() { StepSize = time / steps, Eta = eta };
            var references = new Dictionary<SolverKind, Probe>();
            foreach (var mode in Enum.GetValues<DriftMode>().Where(mode => mode < DriftMode.Exact || eta == 1))
            {
                var solver = With(alf, mode);
                if (!references.TryGetValue(solver.Solver, out var reference))
                    references[solver.Solver] = reference = Probe.Run(dynamics, DType.Float64, time, Backprop(solver));
                var probe = Probe.Run(dynamics, options.Type, time, solver);
                yield return new(dynamics.Name, eta, time, steps, mode)
                {
                    Status = probe.Status,
                    ForwardError = Probe.Error(probe.State, solution),
                    GradientError = Probe.Error(probe.Gradient, reference.Gradient),
                    Statistics = probe.Statistics,
                    PeakBytes = probe.PeakBytes,
                };
            }
        }
    }

    private static SolverOptions With(SolverOptions alf, DriftMode mode) => mode switch
    {
        DriftMode.Backprop => alf with { Gradient = GradientMethod.Backprop },
        DriftMode.Plain => alf with { SnapshotInterval = SnapshotInterval.None },
        DriftMode.Automatic => alf,
        DriftMode.Exact => alf with { Reversal = Reversal.Exact },
        DriftMode.ReversibleHeun => Reversible(alf) with { Solver = SolverKind.ReversibleHeun },
        _ => Reversible(alf) with { Solver = SolverKind.Rk4, Coupling = Coupling },
    };

    private static SolverOptions Reversible(SolverOptions alf) => alf with { Gradient = GradientMethod.Reversible, SnapshotInterval = SnapshotInterval.None };

    /// <summary>Through the same steps.</summary>
    private static SolverOptions Backprop(SolverOptions solver) =>
        solver with { Gradient = GradientMethod.Backprop, SnapshotInterval = default, Reversal = Reversal.Float };
}
