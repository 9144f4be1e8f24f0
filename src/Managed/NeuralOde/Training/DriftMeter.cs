using System.Globalization;
using System.Text.Json.Serialization;

namespace NeuralOde;

/// <summary>What the reverse sweeps of some training steps measured. Kept in checkpoints, so that a resumed epoch is reported whole.</summary>
internal sealed record DriftMeter
{
    /// <summary>The largest relative distance of a reconstructed state from the known one; null where none was measured.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
    public double? ReconstructionError { get; init; }

    /// <summary>Sums over the solves.</summary>
    public long Snapshots { get; init; }

    public long StepsReplayed { get; init; }

    /// <summary>With what the solvers did since.</summary>
    public DriftMeter With(SolverStatistics work) => this with
    {
        ReconstructionError = double.IsNaN(work.ReconstructionError) ? ReconstructionError : Math.Max(ReconstructionError ?? 0, work.ReconstructionError),
        Snapshots = Snapshots + work.Snapshots,
        StepsReplayed = StepsReplayed + work.StepsReplayed,
    };

    /// <summary>What there is to say about it, with the remedy; null when all is well.</summary>
    public string? Warning(SolverOptions solver, Precision precision)
    {
        var tolerance = solver.DriftTolerance ?? Math.Max(Math.Sqrt(EpsilonOfFloat32), EpsilonOf(precision));
        if (ReconstructionError is not { } error || error <= tolerance) return null;
        return string.Create(CultureInfo.InvariantCulture, $"the reverse sweep came back to the known states with a relative error of {error:g3}, above the "
            + $"drift tolerance of {tolerance:g3}, so that the gradients are wrong by about as much or more; {Remedy(solver)}");
    }

    private static string Remedy(SolverOptions solver) => (solver.Reversal, solver.SnapshotInterval.IsAutomatic) switch
    {
        (Reversal.Exact, _) => "exact reversal drifts only where the dynamics give another result for the same state: make them deterministic",
        (_, true) => "automatic snapshots bound the drift unless the dynamics give another result for the same state: make them deterministic",
        _ when solver.Solver != SolverKind.Alf => "start a run with automatic snapshots (--snapshot-interval auto)",
        _ => "start a run with automatic snapshots (--snapshot-interval auto), or with eta 1 and exact reversal (--reversal exact)",
    };

    /// <summary>What the dynamics are rounded to under autocast.</summary>
    private static double EpsilonOf(Precision precision) => precision switch
    {
        Precision.BFloat16 => 1.0 / 128,
        Precision.Float16 => 1.0 / 1024,
        _ => EpsilonOfFloat32,
    };

    /// <summary>The states of models are Float32; the tolerance is then the native library's, 3.4527e-4, and under autocast at least the
    /// epsilon that the dynamics are computed with.</summary>
    private const double EpsilonOfFloat32 = 1.1920928955078125e-7;
}
