namespace NeuralOde.Tests.Solving;

/// <summary>Which solvers, gradient methods and their options go together.</summary>
public sealed class SolverMethodTests
{
    public static TheoryData<SolverKind> OtherSolvers => [.. Enum.GetValues<SolverKind>().Where(solver => solver != SolverKind.Alf)];

    public static TheoryData<SolverKind> SolversWithoutErrorEstimate =>
        [SolverKind.Euler, SolverKind.Midpoint, SolverKind.Heun, SolverKind.Rk4, SolverKind.BackwardEuler, SolverKind.CrankNicolson];

    /// <summary>Those of dopri5.</summary>
    public static TheoryData<GradientMethod> Methods => [.. Enum.GetValues<GradientMethod>().Where(gradient => gradient != GradientMethod.Mali)];

    [Fact]
    public void The_gradient_of_alf_is_malis_until_it_is_set() => Assert.Equal(GradientMethod.Mali, new SolverOptions().Gradient);

    [Theory]
    [MemberData(nameof(OtherSolvers))]
    public void The_gradient_of_another_solver_is_pnodes_until_it_is_set(SolverKind solver)
    {
        var options = new SolverOptions { Solver = solver, StepSize = 0.1 };

        Assert.Equal(GradientMethod.Pnode, options.Gradient);
        Assert.Equal((int)GradientMethod.Pnode, new OdeSolver(options).Options.ToNative().gradient);
        Assert.Equal(GradientMethod.Mali, (options with { Solver = SolverKind.Alf }).Gradient);
        Assert.Equal(GradientMethod.Aca, (options with { Gradient = GradientMethod.Aca, Solver = SolverKind.Alf }).Gradient);
    }

    [Theory]
    [MemberData(nameof(OtherSolvers))]
    public void Mali_is_for_alf_alone(SolverKind solver)
    {
        var message = Refused("Gradient", new() { Solver = solver, StepSize = 0.1, Gradient = GradientMethod.Mali });

        Assert.Contains($"Gradient: Mali undoes steps of SolverKind.Alf, and not those of SolverKind.{solver}; take GradientMethod.Pnode", message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SolversWithoutErrorEstimate))]
    public void A_solver_without_an_error_estimate_needs_a_step_size(SolverKind solver)
    {
        var message = Refused("StepSize", new() { Solver = solver });

        Assert.Contains($"SolverKind.{solver} has no error estimate; set a length", message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(OtherSolvers))]
    public void Damping_is_for_alf_alone(SolverKind solver) => Assert.Contains(
        $"Eta: 0.9 damps SolverKind.Alf, which SolverKind.{solver} is not; leave it 1", Refused("Eta", new() { Solver = solver, StepSize = 0.1, Eta = 0.9 }),
        StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(OtherSolvers))]
    public void Exact_reversal_is_for_alf_alone(SolverKind solver) => Assert.Contains(
        $"not those of SolverKind.{solver}; take SolverKind.Alf, or Reversal.Float",
        Refused("Reversal", new() { Solver = solver, StepSize = 0.1, Reversal = Reversal.Exact }), StringComparison.Ordinal);

    [Theory]
    [InlineData(GradientMethod.Adjoint)]
    [InlineData(GradientMethod.Aca)]
    [InlineData(GradientMethod.Anode)]
    [InlineData(GradientMethod.Pnode)]
    public void Exact_reversal_is_for_mali_and_for_no_gradient(GradientMethod gradient) => Assert.Contains(
        $"GradientMethod.{gradient} undoes none; take GradientMethod.Mali",
        Refused("Reversal", new() { Reversal = Reversal.Exact, Gradient = gradient }), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Methods))]
    public void Checkpoints_are_for_pnode_alone(GradientMethod gradient)
    {
        var options = new SolverOptions { Solver = SolverKind.Dopri5, Checkpoints = 3, Gradient = gradient };
        if (gradient == GradientMethod.Pnode)
        {
            Assert.Equal(3, options.ToNative().checkpoints);
            return;
        }

        Assert.Contains($"Checkpoints: 3 bounds what GradientMethod.Pnode keeps, and GradientMethod.{gradient} keeps none; leave it null",
            Refused("Checkpoints", options), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void The_seminorm_is_for_adjoint_alone(GradientMethod gradient)
    {
        var options = new SolverOptions { Solver = SolverKind.Dopri5, AdjointSeminorm = true, Gradient = gradient };
        if (gradient == GradientMethod.Adjoint)
        {
            Assert.Equal(1, options.ToNative().adjoint_seminorm);
            return;
        }

        Assert.Contains($"which GradientMethod.{gradient} does not use; leave it false", Refused("AdjointSeminorm", options), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StepSizeController.Pi)]
    [InlineData(StepSizeController.I)]
    [InlineData(StepSizeController.Pid)]
    public void The_controller_reaches_the_library(StepSizeController controller) =>
        Assert.Equal((int)controller, new SolverOptions { Controller = controller }.ToNative().controller);

    private static string Refused(string name, SolverOptions options)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(options));
        Assert.Equal(name, error.ParamName);
        return error.Message;
    }
}
