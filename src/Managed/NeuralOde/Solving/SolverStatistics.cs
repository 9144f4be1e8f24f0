using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>What a solver did.</summary>
public sealed record SolverStatistics
{
    /// <summary>Steps that were kept. With <see cref="SolverOptions.PerSample"/> the total over the samples.</summary>
    public long StepsAccepted { get; init; }

    /// <summary>Steps whose error was too large. With <see cref="SolverOptions.PerSample"/> the total over the samples.</summary>
    public long StepsRejected { get; init; }

    /// <summary>Evaluations of the dynamics in the forward sweep; with <see cref="SolverOptions.PerSample"/> too they are of the whole batch.</summary>
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

    /// <summary>Newton iterations of implicit steps in the forward sweep.</summary>
    public long NewtonIterations { get; init; }

    /// <summary>Implicit steps that were shortened because their equations could not be solved.</summary>
    public long NewtonFailures { get; init; }

    /// <summary>Products of the dynamics' Jacobian with a vector that the equations of the forward sweep took, besides <see cref="NfeForward"/>.</summary>
    public long JacobianProducts { get; init; }

    /// <summary>Products of the transposed Jacobian that the equations of the last reverse sweep took, besides <see cref="NfeBackward"/>.</summary>
    public long JacobianProductsBackward { get; init; }

    /// <summary>Drift of the last reverse sweep that undid steps: the largest relative distance of a reconstructed (z, v) from the known one, over z0, v0,
    /// every snapshot and every tensor: max |dz| / max(max |z|, T max |v|) and max |dv| / max(max |v|, max |z| / T), T = |t1 - t0|. NaN where none ran
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
        NewtonIterations = native.newton_iterations,
        NewtonFailures = native.newton_failures,
        JacobianProducts = native.jacobian_products,
        JacobianProductsBackward = native.jacobian_products_backward,
        ReconstructionError = native.reconstruction_error,
    };
}
