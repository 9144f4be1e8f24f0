using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>What a solver did.</summary>
public sealed record SolverStatistics
{
    /// <summary>Steps that were kept.</summary>
    public long StepsAccepted { get; init; }

    /// <summary>Steps whose error was too large.</summary>
    public long StepsRejected { get; init; }

    /// <summary>Evaluations of the dynamics in the forward sweep.</summary>
    public long NfeForward { get; init; }

    /// <summary>Linearised evaluations (one evaluation and one pullback) in the last reverse sweep.</summary>
    public long NfeBackward { get; init; }

    /// <summary>States kept at once besides z0 and the end state, pairs (z, v) with <see cref="SolverKind.Alf"/>; those that the last reverse
    /// sweep added included.</summary>
    public long Snapshots { get; init; }

    /// <summary>Bytes of the snapshots.</summary>
    public long SnapshotBytes { get; init; }

    /// <summary>Steps that the last reverse sweep made again, because they had drifted or were not kept.</summary>
    public long StepsReplayed { get; init; }

    /// <summary>Drift of MALI's last reverse sweep: the largest relative distance of a reconstructed (z, v) from the known one, over z0, v0, every
    /// snapshot and every tensor: max |dz| / max(max |z|, T max |v|) and max |dv| / max(max |v|, max |z| / T), T = |t1 - t0|. NaN where none ran
    /// or nothing was known.</summary>
    public double ReconstructionError { get; init; }

    internal static SolverStatistics From(in neuralode_statistics native) => new()
    {
        StepsAccepted = native.steps_accepted,
        StepsRejected = native.steps_rejected,
        NfeForward = native.nfe_forward,
        NfeBackward = native.nfe_backward,
        Snapshots = native.snapshots,
        SnapshotBytes = native.snapshot_bytes,
        StepsReplayed = native.steps_replayed,
        ReconstructionError = native.reconstruction_error,
    };
}
