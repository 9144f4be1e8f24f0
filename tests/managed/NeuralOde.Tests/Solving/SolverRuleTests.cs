using NeuralOde.Interop;

namespace NeuralOde.Tests.Solving;

/// <summary>What C# refuses and what the library refuses are the same combinations of options.</summary>
public sealed class SolverRuleTests : IDisposable
{
    private readonly TensorScope _scope = new();
    private readonly Dynamics _decay = Dynamics.FromFunction((_, z) => -z);

    public static TheoryData<SolverKind, GradientMethod> Methods
    {
        get
        {
            var pairs = new TheoryData<SolverKind, GradientMethod>();
            foreach (var solver in Enum.GetValues<SolverKind>())
                foreach (var gradient in Enum.GetValues<GradientMethod>()) pairs.Add(solver, gradient);
            return pairs;
        }
    }

    public void Dispose()
    {
        _decay.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void The_library_refuses_what_is_refused_here_and_nothing_else(SolverKind solver, GradientMethod gradient)
    {
        foreach (var options in Variations(new() { Solver = solver, Gradient = gradient }))
        {
            var (here, there) = (Record.Exception(() => new OdeSolver(options)) is not null, SolvesNatively(options) != Status.Ok);
            Assert.True(here == there, $"{options}: refused here {here}, by the library {there}");
        }
    }

    /// <summary>All combinations of the other options that rules are about, in two groups that rules do not join.</summary>
    private static IEnumerable<SolverOptions> Variations(SolverOptions options) => [.. OfReversal(options), .. OfSteps(options)];

    private static IEnumerable<SolverOptions> OfReversal(SolverOptions options) =>
        from stepSize in (double?[])[null, 0.5]
        from eta in (double[])[1, 0.9]
        from reversal in Enum.GetValues<Reversal>()
        from interval in (SnapshotInterval[])[SnapshotInterval.Automatic, SnapshotInterval.None, SnapshotInterval.Every(2)]
        from checkpoints in (long?[])[null, 2]
        from seminorm in (bool[])[false, true]
        select options with
        {
            StepSize = stepSize, Eta = eta, Reversal = reversal, SnapshotInterval = interval, Checkpoints = checkpoints, AdjointSeminorm = seminorm,
        };

    private static IEnumerable<SolverOptions> OfSteps(SolverOptions options) =>
        from stepSize in (double?[])[null, 0.5]
        from coupling in (double?[])[null, 0.9]
        from stages in (bool[])[false, true]
        from dense in (bool[])[false, true]
        from perSample in (bool[])[false, true]
        from changed in (SolverOptions[])
        [
            options, options with { NewtonTolerance = 1e-4 }, options with { DenseJacobianLimit = 8 }, options with { MaxNewtonIterations = 5 },
            options with { KrylovDimension = 3 }, options with { Reversal = Reversal.Exact }, options with { SnapshotInterval = SnapshotInterval.Every(2) },
        ]
        select changed with { StepSize = stepSize, Coupling = coupling, CheckpointStages = stages, DenseOutput = dense, PerSample = perSample };

    /// <summary>The status of a solve of the options as they are, past the checks of C#.</summary>
    private unsafe Status SolvesNatively(SolverOptions options)
    {
        _ = NativeMethods.neuralode_solve_options_init((uint)sizeof(neuralode_solve_options), out var native);
        native.solver = (int)options.Solver;
        native.gradient = (int)options.Gradient;
        native.step_size = options.StepSize ?? 0;
        native.eta = options.Eta;
        native.reversal = (int)options.Reversal;
        native.snapshots = options.SnapshotInterval.IsNone ? 1 : options.SnapshotInterval.IsAutomatic ? 0 : 2;
        native.snapshot_interval = options.SnapshotInterval.Steps ?? 0;
        native.checkpoints = options.Checkpoints ?? 0;
        native.adjoint_seminorm = options.AdjointSeminorm ? 1 : 0;
        native.coupling = options.Coupling ?? 0;
        native.newton_tolerance = options.NewtonTolerance ?? 0;
        native.dense_jacobian_limit = options.DenseJacobianLimit ?? 0;
        native.max_newton_iterations = options.MaxNewtonIterations ?? 0;
        native.krylov_dimension = options.KrylovDimension ?? 0;
        native.checkpoint_stages = options.CheckpointStages ? 1 : 0;
        native.dense_output = options.DenseOutput ? 1 : 0;
        native.per_sample = options.PerSample ? 1 : 0;
        using var scope = new TensorScope();
        using var f = _decay.Handle.Lend();
        using var z0 = Tensor.Ones([2, 1], DType.Float64).Handle.Lend();
        using var t0 = Tensor.Scalar(0.0).Handle.Lend();
        using var t1 = Tensor.Scalar(0.5).Handle.Lend();
        var state = z0.Pointer;
        var status = NativeMethods.neuralode_solve(f.Pointer, &state, 1, t0.Pointer, t1.Pointer, 0, &native, out var solution);
        if (status == (int)neuralode_status_code.NEURALODE_OK) _ = NativeMethods.neuralode_solution_destroy(solution);
        return (Status)status;
    }
}
