using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>How an ODE is solved. Immutable; vary it with <c>with</c>.</summary>
public sealed partial record SolverOptions
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

    /// <summary>Couples steps of an explicit Runge-Kutta method, Psi, to y' = c y + (1 - c) z + Psi_h(z), z' = z - Psi_-h(y'), which can be undone,
    /// at twice the evaluations; c in (0, 1]. Null: 0.999 with <see cref="GradientMethod.Reversible"/>, else the steps are not coupled.
    /// McCallum and Foster 2024.</summary>
    public double? Coupling { get; init; }

    /// <summary>Implicit solvers: an iteration has converged when the root mean square of its update over (absolute tolerance + relative tolerance
    /// |z|), or (1 + |z|) for fixed steps, is below; above 0. Null: 1e-3 for adaptive steps, else epsilon^(2/3) of the state's type.</summary>
    public double? NewtonTolerance { get; init; }

    /// <summary>Implicit solvers: the most elements of the state for which the Jacobian is formed and factorised, 1 or more; above, its products
    /// and GMRES are used. Null: 64.</summary>
    public long? DenseJacobianLimit { get; init; }

    /// <summary>Implicit solvers: iterations before a step has failed and is shortened, or <see cref="Status.NoConvergence"/>; 1 or more. Null: 10, of fixed
    /// steps 50.</summary>
    public int? MaxNewtonIterations { get; init; }

    /// <summary>Implicit solvers: GMRES restarts after as many products, 1 or more. Null: 30.</summary>
    public int? KrylovDimension { get; init; }

    /// <summary>Whether steps pass over the times asked for, whose states are interpolated, instead of landing on them.</summary>
    public bool DenseOutput { get; init; }

    /// <summary>Whether each sample, an entry of the first dimension of every state tensor, has adaptive steps of its own. The dynamics get t as
    /// (batch, 1, ..., 1) then, with as many dimensions as the first state tensor. For <see cref="SolverKind.Alf"/> and the explicit Runge-Kutta
    /// methods with an error estimate, from <see cref="SolverKind.HeunEuler"/> to <see cref="SolverKind.Dopri8"/>. Not with a
    /// <see cref="SolveObserver"/>: step callbacks, cancellation and events are all refused.</summary>
    public bool PerSample { get; init; }

    /// <summary>Steps tried, accepted and rejected, before <see cref="Status.StepLimit"/>; 1 or more. With <see cref="PerSample"/> those of each
    /// sample.</summary>
    public long MaxSteps { get; init; } = 1_000_000;

    /// <summary>The most states that <see cref="GradientMethod.Pnode"/> keeps at once besides z0, 1 or more; the fewer, the more steps are made
    /// again. Null: every state is kept. Only with that method.</summary>
    public long? Checkpoints { get; init; }

    /// <summary>Whether <see cref="GradientMethod.Pnode"/> keeps the stages of a step with its state, so that its implicit ones are not solved for
    /// again. Only with that method.</summary>
    public bool CheckpointStages { get; init; }

    /// <summary>Whether <see cref="GradientMethod.Adjoint"/>'s adaptive steps leave the cotangents of the parameters out of the error norm. They
    /// are integrals that nothing depends on: most of the steps that they cost are saved. Only with that method and
    /// adaptive steps. Kidger et al. 2021.</summary>
    public bool AdjointSeminorm { get; init; }

    /// <summary>The arithmetic in which the state is stepped and undone; <see cref="Reversal.Exact"/> needs <see cref="SolverKind.Alf"/> and
    /// <see cref="Eta"/> 1.</summary>
    public Reversal Reversal { get; init; }

    /// <summary>Which states are kept for the reverse sweep; a number of steps only with <see cref="GradientMethod.Mali"/> and
    /// <see cref="GradientMethod.Reversible"/>.</summary>
    public SnapshotInterval SnapshotInterval { get; init; }

    /// <summary>The largest <see cref="SolverStatistics.ReconstructionError"/> that is no <see cref="Status.Drift"/>, above 0. Null: the square
    /// root of the epsilon of the state's type, 3.5e-4 in Float32 and 1.5e-8 in Float64; under autocast at least the epsilon of its type. Only with
    /// <see cref="GradientMethod.Mali"/> and <see cref="GradientMethod.Reversible"/>.</summary>
    public double? DriftTolerance { get; init; }

    /// <summary>Whether a solve that cannot go on, and a reverse sweep that drifts too far, throw, or tell by <see cref="Solution.Status"/>.</summary>
    public FailureMode Failure { get; init; }

    /// <summary>Whether fixed steps on a GPU are recorded and replayed.</summary>
    public GraphMode Graphs { get; init; } = GraphMode.Off;

    /// <summary>The native form of valid options.</summary>
    internal unsafe neuralode_solve_options ToNative()
    {
        Validate();
        NativeCall.Check(NativeMethods.neuralode_solve_options_init((uint)sizeof(neuralode_solve_options), out var native));
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
        native.coupling = Coupling ?? 0;
        native.newton_tolerance = NewtonTolerance ?? 0;
        native.dense_jacobian_limit = DenseJacobianLimit ?? 0;
        native.max_newton_iterations = MaxNewtonIterations ?? 0;
        native.krylov_dimension = KrylovDimension ?? 0;
        native.dense_output = DenseOutput ? 1 : 0;
        native.per_sample = PerSample ? 1 : 0;
        native.checkpoint_stages = CheckpointStages ? 1 : 0;
        native.graphs = (int)Graphs;
        return native;
    }
}
