namespace NeuralOde.Tests.Solving;

/// <summary>The options of coupled, implicit and per-sample steps: what they go with, and that they reach the library.</summary>
public sealed class ImplicitOptionTests
{
    public static TheoryData<string, SolverOptions> OfEquations => new()
    {
        { "NewtonTolerance", new() { NewtonTolerance = 1e-4 } }, { "DenseJacobianLimit", new() { DenseJacobianLimit = 8 } },
        { "MaxNewtonIterations", new() { MaxNewtonIterations = 7 } }, { "KrylovDimension", new() { KrylovDimension = 9 } },
    };

    [Theory]
    [MemberData(nameof(OfEquations))]
    public void Options_of_equations_are_for_implicit_solvers_alone(string name, SolverOptions options)
    {
        var message = Refused(name, options with { Solver = SolverKind.Dopri5 });

        Assert.Contains("SolverKind.Dopri5 solves none; leave it null", message, StringComparison.Ordinal);
        _ = new OdeSolver(options with { Solver = SolverKind.Trbdf2 });
    }

    [Theory]
    [InlineData(SolverKind.Alf)]
    [InlineData(SolverKind.ReversibleHeun)]
    [InlineData(SolverKind.KenCarp3)]
    public void Coupling_is_for_explicit_runge_kutta_methods_alone(SolverKind solver) => Assert.Contains(
        $"which SolverKind.{solver} is not; leave it null", Refused("Coupling", new() { Solver = solver, Coupling = 0.9 }), StringComparison.Ordinal);

    [Theory]
    [InlineData(SolverKind.Alf, GradientMethod.Mali)]
    [InlineData(SolverKind.Trbdf2, GradientMethod.Pnode)]
    public void Reversible_gradients_need_steps_that_can_be_undone(SolverKind solver, GradientMethod instead) => Assert.Contains(
        $"not those of SolverKind.{solver}; take GradientMethod.{instead}",
        Refused("Gradient", new() { Solver = solver, Gradient = GradientMethod.Reversible }), StringComparison.Ordinal);

    [Fact]
    public void Snapshots_every_few_steps_go_with_reversible_gradients() =>
        _ = new OdeSolver(new() { Solver = SolverKind.ReversibleHeun, Gradient = GradientMethod.Reversible, SnapshotInterval = SnapshotInterval.Every(3) });

    [Theory]
    [InlineData(GradientMethod.Aca)]
    [InlineData(GradientMethod.Adjoint)]
    public void Stages_are_kept_by_pnode_alone(GradientMethod gradient) => Assert.Contains(
        $"GradientMethod.{gradient} keeps no stages; leave it false",
        Refused("CheckpointStages", new() { Solver = SolverKind.Trbdf2, Gradient = gradient, CheckpointStages = true }), StringComparison.Ordinal);

    [Fact]
    public void Stages_are_kept_of_implicit_steps_alone() => Assert.Contains(
        "SolverKind.Dopri5 has none; leave it false", Refused("CheckpointStages", new() { Solver = SolverKind.Dopri5, CheckpointStages = true }), StringComparison.Ordinal);

    public static TheoryData<string, SolverOptions> NotPerSample => new()
    {
        { "SolverKind.Trbdf2 makes one step for all samples", new() { Solver = SolverKind.Trbdf2 } },
        { "StepSize asks for fixed steps", new() { StepSize = 0.1 } },
        { "GradientMethod.Adjoint has one step for all samples; leave it false, or take GradientMethod.Pnode", new() { Gradient = GradientMethod.Adjoint } },
        { "Reversal.Exact undoes steps of all samples alone", new() { Reversal = Reversal.Exact } },
        { "Coupling is for steps of all samples", new() { Solver = SolverKind.Dopri5, Coupling = 0.9 } },
        { "such steps land on the times asked for", new() { Solver = SolverKind.Dopri5, DenseOutput = true } },
    };

    [Theory]
    [MemberData(nameof(NotPerSample))]
    public void Steps_of_each_sample_are_adaptive_explicit_and_uncoupled(string complaint, SolverOptions options) =>
        Assert.Contains(complaint, Refused("PerSample", options with { PerSample = true }), StringComparison.Ordinal);

    public static TheoryData<string, SolverOptions> NotDense => new()
    {
        { "SolverKind.ReversibleHeun has no states there", new() { Solver = SolverKind.ReversibleHeun } },
        { "coupled steps have no states there", new() { Solver = SolverKind.Dopri5, Coupling = 0.9 } },
        { "coupled steps have no states there", new() { Solver = SolverKind.Dopri5, Gradient = GradientMethod.Reversible } },
    };

    [Theory]
    [MemberData(nameof(NotDense))]
    public void Steps_without_states_inside_are_not_interpolated(string complaint, SolverOptions options) =>
        Assert.Contains(complaint, Refused("DenseOutput", options with { DenseOutput = true }), StringComparison.Ordinal);

    [Fact]
    public void Every_option_reaches_the_library()
    {
        var native = new SolverOptions
        {
            Solver = SolverKind.KenCarp3, NewtonTolerance = 1e-4, DenseJacobianLimit = 8, MaxNewtonIterations = 7, KrylovDimension = 9, CheckpointStages = true,
            DenseOutput = true,
        }.ToNative();
        var coupled = new SolverOptions { Solver = SolverKind.Bosh3, Coupling = 0.9 }.ToNative();

        Assert.Equal((1e-4, 8, 7, 9, 1, 1, 14),
            (native.newton_tolerance, native.dense_jacobian_limit, native.max_newton_iterations, native.krylov_dimension, native.checkpoint_stages, native.dense_output, native.solver));
        Assert.Equal((0.9, 0, 0, 0), (coupled.coupling, coupled.per_sample, coupled.dense_output, coupled.checkpoint_stages));
        Assert.Equal(1, new SolverOptions { PerSample = true }.ToNative().per_sample);
    }

    [Fact]
    public void Options_left_out_leave_the_choice_to_the_library()
    {
        var native = new SolverOptions { Solver = SolverKind.Trbdf2 }.ToNative();

        Assert.Equal((0.0, 0.0, 0L, 0, 0), (native.coupling, native.newton_tolerance, native.dense_jacobian_limit, native.max_newton_iterations, native.krylov_dimension));
    }

    [Fact]
    public void What_a_solver_can_do_is_told_of_each()
    {
        Assert.Equal([SolverKind.BackwardEuler, SolverKind.CrankNicolson, SolverKind.Trbdf2, SolverKind.KenCarp3], Enum.GetValues<SolverKind>().Where(solver => solver.IsImplicit()));
        Assert.Equal(9, Enum.GetValues<SolverKind>().Count(solver => solver.IsExplicitRungeKutta()));
        Assert.Equal(9, Enum.GetValues<SolverKind>().Count(solver => solver.IsAdaptive()));
    }

    private static string Refused(string name, SolverOptions options)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(options));
        Assert.Equal(name, error.ParamName);
        return error.Message;
    }
}
