using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>How an ODE is solved. Immutable; vary it with <c>with</c>.</summary>
public sealed record SolverOptions
{
    /// <summary>The method of one step.</summary>
    public SolverKind Solver { get; init; } = SolverKind.Alf;

    /// <summary>How gradients are had.</summary>
    public GradientMethod Gradient { get; init; } = GradientMethod.Mali;

    /// <summary>Length of a fixed step, above 0; the last one before each landing time is shortened. Null: steps adapt to the tolerances.</summary>
    public double? StepSize { get; init; }

    /// <summary>Adaptive steps: error allowed relative to the state, above 0.</summary>
    public double RelativeTolerance { get; init; } = 1e-3;

    /// <summary>Adaptive steps: error allowed besides, above 0.</summary>
    public double AbsoluteTolerance { get; init; } = 1e-6;

    /// <summary>Adaptive steps: length of the first, above 0. Null: chosen from the state and the dynamics.</summary>
    public double? InitialStepSize { get; init; }

    /// <summary>Damping of the velocity update, in (0, 1], not 0.5. 1 is undamped: order 2, reversible to rounding.</summary>
    public double Eta { get; init; } = 1.0;

    /// <summary>Steps tried, accepted and rejected, before <see cref="Status.StepLimit"/>; 1 or more.</summary>
    public long MaxSteps { get; init; } = 1_000_000;

    /// <summary>The arithmetic in which the state is stepped and undone; <see cref="Reversal.Exact"/> needs <see cref="Eta"/> 1.</summary>
    public Reversal Reversal { get; init; }

    /// <summary>Which states are kept for the reverse sweep; a number of steps only with <see cref="GradientMethod.Mali"/>.</summary>
    public SnapshotInterval SnapshotInterval { get; init; }

    /// <summary>The largest <see cref="SolverStatistics.ReconstructionError"/> that is no <see cref="Status.Drift"/>, above 0. Null: the square
    /// root of the epsilon of the state's type, 3.5e-4 in Float32 and 1.5e-8 in Float64; under autocast at least the epsilon of its type.</summary>
    public double? DriftTolerance { get; init; }

    /// <summary>Whether a solve that cannot go on, and a reverse sweep that drifts too far, throw, or tell by <see cref="Solution.Status"/>.</summary>
    public FailureMode Failure { get; init; }

    /// <summary>Throws unless every value is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The message names the option, its value and the remedy.</exception>
    internal void Validate()
    {
        Positive(StepSize ?? 1, nameof(StepSize), "give a positive length, or null for adaptive steps");
        Positive(RelativeTolerance, nameof(RelativeTolerance), "give a positive tolerance such as 1e-3");
        Positive(AbsoluteTolerance, nameof(AbsoluteTolerance), "give a positive tolerance such as 1e-6");
        Positive(InitialStepSize ?? 1, nameof(InitialStepSize), "give a positive length, or null to have it chosen");
        Positive(DriftTolerance ?? 1, nameof(DriftTolerance), "give a positive tolerance, or null for that of the state's type");
        if (!(Eta > 0 && Eta <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta, $"Eta: {Eta} is not in (0, 1]; 1 is undamped.");
        }

        if (Eta == 0.5)
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta,
                "Eta: 0.5 leaves the step without an inverse (1 - 2 eta == 0); choose another value in (0, 1].");
        }

        Require.AtLeast(MaxSteps, 1, nameof(MaxSteps));
        Require.Member(Solver, nameof(Solver));
        Require.Member(Gradient, nameof(Gradient));
        Require.Member(Reversal, nameof(Reversal));
        Require.Member(Failure, nameof(Failure));
        ValidateReversal();
    }

    /// <summary>The native form of valid options.</summary>
    internal neuralode_solve_options ToNative()
    {
        Validate();
        NativeCall.Check(NativeMethods.neuralode_solve_options_init(out var native));
        native.solver = (int)Solver;
        native.gradient = (int)Gradient;
        native.step_size = StepSize ?? 0;
        native.rtol = RelativeTolerance;
        native.atol = AbsoluteTolerance;
        native.initial_step_size = InitialStepSize ?? 0;
        native.eta = Eta;
        native.max_steps = MaxSteps;
        native.reversal = (int)Reversal;
        native.snapshots = (int)(SnapshotInterval.IsNone ? neuralode_snapshots.NEURALODE_SNAPSHOTS_NONE
            : SnapshotInterval.IsAutomatic ? neuralode_snapshots.NEURALODE_SNAPSHOTS_AUTOMATIC : neuralode_snapshots.NEURALODE_SNAPSHOTS_EVERY);
        native.snapshot_interval = SnapshotInterval.Steps ?? 0;
        native.drift_tolerance = DriftTolerance ?? 0;
        native.failure = (int)Failure;
        return native;
    }

    private void ValidateReversal()
    {
        if (Reversal == Reversal.Exact && Eta != 1)
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta,
                $"Eta: {Eta} cannot be undone to the bit; set it to 1 for Reversal.Exact, or take Reversal.Float.");
        }

        if (Reversal == Reversal.Exact && Gradient == GradientMethod.Backprop)
        {
            throw new ArgumentOutOfRangeException(nameof(Reversal), Reversal,
                "Reversal: Exact rounds, and autograd cannot differentiate that; take GradientMethod.Mali, or Reversal.Float for GradientMethod.Backprop.");
        }

        if (SnapshotInterval.Steps is not null && Gradient != GradientMethod.Mali)
        {
            throw new ArgumentOutOfRangeException(nameof(SnapshotInterval), SnapshotInterval,
                $"SnapshotInterval: {SnapshotInterval} has no reverse sweep to serve with GradientMethod.{Gradient}; leave it Automatic, or take GradientMethod.Mali.");
        }
    }

    private static void Positive(double value, string name, string remedy)
    {
        if (!(value > 0 && double.IsFinite(value))) throw new ArgumentOutOfRangeException(name, value, $"{name}: {value} is not a positive number; {remedy}.");
    }
}
