using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>How an ODE is solved. Immutable; vary it with <c>with</c>.</summary>
public sealed record SolverOptions
{
    private readonly GradientMethod? _gradient;

    /// <summary>The method of one step.</summary>
    public SolverKind Solver { get; init; } = SolverKind.Alf;

    /// <summary>How gradients are had. Until it is set it follows <see cref="Solver"/>: <see cref="GradientMethod.Mali"/> for
    /// <see cref="SolverKind.Alf"/>, <see cref="GradientMethod.Pnode"/> for the others.</summary>
    public GradientMethod Gradient
    {
        get => _gradient ?? (Solver == SolverKind.Alf ? GradientMethod.Mali : GradientMethod.Pnode);
        init => _gradient = value;
    }

    /// <summary>Length of a fixed step, above 0; the last one before each landing time is shortened. Null: steps adapt to the tolerances,
    /// which a <see cref="Solver"/> without an error estimate cannot.</summary>
    public double? StepSize { get; init; }

    /// <summary>Adaptive steps: error allowed relative to the state, above 0.</summary>
    public double RelativeTolerance { get; init; } = 1e-3;

    /// <summary>Adaptive steps: error allowed besides, above 0.</summary>
    public double AbsoluteTolerance { get; init; } = 1e-6;

    /// <summary>Adaptive steps: length of the first, above 0. Null: chosen from the state and the dynamics.</summary>
    public double? InitialStepSize { get; init; }

    /// <summary>Adaptive steps: what decides their length.</summary>
    public StepSizeController Controller { get; init; }

    /// <summary>Damping of <see cref="SolverKind.Alf"/>'s velocity update, in (0, 1], not 0.5; 1 for every other solver. 1 is undamped: order 2,
    /// reversible to rounding.</summary>
    public double Eta { get; init; } = 1.0;

    /// <summary>Steps tried, accepted and rejected, before <see cref="Status.StepLimit"/>; 1 or more.</summary>
    public long MaxSteps { get; init; } = 1_000_000;

    /// <summary>The most states that <see cref="GradientMethod.Pnode"/> keeps at once besides z0, 1 or more; the fewer, the more steps are made
    /// again. Null: every state is kept. Only with that method.</summary>
    public long? Checkpoints { get; init; }

    /// <summary>Whether <see cref="GradientMethod.Adjoint"/>'s adaptive steps leave the cotangents of the parameters out of the error norm. They
    /// are integrals that nothing depends on: most of the steps that they cost are saved. Only with that method and
    /// adaptive steps. Kidger et al. 2021.</summary>
    public bool AdjointSeminorm { get; init; }

    /// <summary>The arithmetic in which the state is stepped and undone; <see cref="Reversal.Exact"/> needs <see cref="SolverKind.Alf"/> and
    /// <see cref="Eta"/> 1.</summary>
    public Reversal Reversal { get; init; }

    /// <summary>Which states are kept for the reverse sweep; a number of steps only with <see cref="GradientMethod.Mali"/>.</summary>
    public SnapshotInterval SnapshotInterval { get; init; }

    /// <summary>The largest <see cref="SolverStatistics.ReconstructionError"/> that is no <see cref="Status.Drift"/>, above 0. Null: the square
    /// root of the epsilon of the state's type, 3.5e-4 in Float32 and 1.5e-8 in Float64; under autocast at least the epsilon of its type.</summary>
    public double? DriftTolerance { get; init; }

    /// <summary>Whether a solve that cannot go on, and a reverse sweep that drifts too far, throw, or tell by <see cref="Solution.Status"/>.</summary>
    public FailureMode Failure { get; init; }

    /// <summary>Throws unless every value is in its range and goes with the others.</summary>
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
        Require.AtLeast(Checkpoints ?? 1, 1, nameof(Checkpoints));
        Require.Member(Solver, nameof(Solver));
        Require.Member(Gradient, nameof(Gradient));
        Require.Member(Controller, nameof(Controller));
        Require.Member(Reversal, nameof(Reversal));
        Require.Member(Failure, nameof(Failure));
        ValidateSolver();
        ValidateReversal();
        ValidateGradient();
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
        native.checkpoints = Checkpoints ?? 0;
        native.controller = (int)Controller;
        native.adjoint_seminorm = AdjointSeminorm ? 1 : 0;
        return native;
    }

    private void ValidateSolver()
    {
        if (Solver is SolverKind.Euler or SolverKind.Midpoint or SolverKind.Heun or SolverKind.Rk4 && StepSize is null)
        {
            throw new ArgumentOutOfRangeException(nameof(StepSize), StepSize,
                $"StepSize: null asks for adaptive steps, and SolverKind.{Solver} has no error estimate; set a length, or take a solver that has one, such as SolverKind.Dopri5.");
        }

        if (Solver != SolverKind.Alf && Eta != 1)
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta, $"Eta: {Eta} damps SolverKind.Alf, which SolverKind.{Solver} is not; leave it 1, or take SolverKind.Alf.");
        }
    }

    private void ValidateReversal()
    {
        if (Reversal == Reversal.Exact && Solver != SolverKind.Alf)
        {
            throw new ArgumentOutOfRangeException(nameof(Reversal), Reversal,
                $"Reversal: Exact undoes steps of SolverKind.Alf, and not those of SolverKind.{Solver}; take SolverKind.Alf, or Reversal.Float.");
        }

        if (Reversal == Reversal.Exact && Eta != 1)
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta,
                $"Eta: {Eta} cannot be undone to the bit; set it to 1 for Reversal.Exact, or take Reversal.Float.");
        }

        if (Reversal == Reversal.Exact && Gradient is not (GradientMethod.Mali or GradientMethod.None))
        {
            throw new ArgumentOutOfRangeException(nameof(Reversal), Reversal,
                $"Reversal: Exact is for steps that are undone, and GradientMethod.{Gradient} undoes none; take GradientMethod.Mali, or Reversal.Float.");
        }

        if (SnapshotInterval.Steps is not null && Gradient != GradientMethod.Mali)
        {
            throw new ArgumentOutOfRangeException(nameof(SnapshotInterval), SnapshotInterval,
                $"SnapshotInterval: {SnapshotInterval} keeps states for steps that are undone, and GradientMethod.{Gradient} undoes none; leave it Automatic, or take GradientMethod.Mali.");
        }
    }

    private void ValidateGradient()
    {
        if (Gradient == GradientMethod.Mali && Solver != SolverKind.Alf)
        {
            throw new ArgumentOutOfRangeException(nameof(Gradient), Gradient,
                $"Gradient: Mali undoes steps of SolverKind.Alf, and not those of SolverKind.{Solver}; take GradientMethod.Pnode, or SolverKind.Alf.");
        }

        if (Checkpoints is not null && Gradient != GradientMethod.Pnode)
        {
            throw new ArgumentOutOfRangeException(nameof(Checkpoints), Checkpoints,
                $"Checkpoints: {Checkpoints} bounds what GradientMethod.Pnode keeps, and GradientMethod.{Gradient} keeps none; leave it null, or take GradientMethod.Pnode.");
        }

        if (AdjointSeminorm && Gradient != GradientMethod.Adjoint)
        {
            throw new ArgumentOutOfRangeException(nameof(AdjointSeminorm), AdjointSeminorm,
                $"AdjointSeminorm: True is a norm of GradientMethod.Adjoint, which GradientMethod.{Gradient} does not use; leave it false, or take GradientMethod.Adjoint.");
        }

        if (AdjointSeminorm && StepSize is not null)
        {
            throw new ArgumentOutOfRangeException(nameof(AdjointSeminorm), AdjointSeminorm,
                "AdjointSeminorm: True changes the error norm of adaptive steps, and StepSize asks for fixed ones; leave one of them out.");
        }
    }

    private static void Positive(double value, string name, string remedy)
    {
        if (!(value > 0 && double.IsFinite(value))) throw new ArgumentOutOfRangeException(name, value, $"{name}: {value} is not a positive number; {remedy}.");
    }
}
