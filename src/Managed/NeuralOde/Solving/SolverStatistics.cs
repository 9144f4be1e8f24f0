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

    /// <summary>States kept between the sweeps besides the end state.</summary>
    public long Snapshots { get; init; }

    /// <summary>max |z0' - z0| / max |z0| of the last reverse sweep; NaN where none ran or z0 is gone.</summary>
    public double ReconstructionError { get; init; }

    internal static SolverStatistics From(in neuralode_statistics native) => new()
    {
        StepsAccepted = native.steps_accepted,
        StepsRejected = native.steps_rejected,
        NfeForward = native.nfe_forward,
        NfeBackward = native.nfe_backward,
        Snapshots = native.snapshots,
        ReconstructionError = native.reconstruction_error,
    };
}
