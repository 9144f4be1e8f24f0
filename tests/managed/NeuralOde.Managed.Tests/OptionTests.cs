namespace NeuralOde.Managed.Tests;

/// <summary>What the managed build does not have is refused, by name, value and remedy.</summary>
[TestFixture]
public sealed class OptionTests
{
    private static readonly SolverOptions Rk = new() { Solver = SolverKind.Dopri5 };

    public static readonly TestCaseData[] Refused =
    [
        Case(nameof(SolverOptions.Solver), new() { Solver = SolverKind.Rk4, StepSize = 0.1 }, "Rk4"),
        Case(nameof(SolverOptions.Solver), new() { Solver = SolverKind.Trbdf2, NewtonTolerance = 1e-5 }, "Trbdf2"),
        Case(nameof(SolverOptions.Gradient), new() { Gradient = GradientMethod.Backprop }, "Backprop"),
        Case(nameof(SolverOptions.Gradient), new() { Gradient = GradientMethod.Pnode }, "Pnode"),
        Case(nameof(SolverOptions.Gradient), Rk with { Gradient = GradientMethod.Adjoint, AdjointSeminorm = true }, "Adjoint"),
        Case(nameof(SolverOptions.Gradient), Rk with { Gradient = GradientMethod.Anode }, "Anode"),
        Case(nameof(SolverOptions.Gradient), Rk with { Gradient = GradientMethod.Reversible }, "Reversible"),
        Case(nameof(SolverOptions.Reversal), new() { Reversal = Reversal.Exact }, "Exact"),
        Case(nameof(SolverOptions.Coupling), Rk with { Coupling = 0.9 }, "0.9"),
        Case(nameof(SolverOptions.Checkpoints), Rk with { Checkpoints = 3 }, "3"),
        Case(nameof(SolverOptions.DenseOutput), new() { DenseOutput = true }, "True"),
        Case(nameof(SolverOptions.PerSample), new() { PerSample = true }, "True"),
        Case(nameof(SolverOptions.Failure), new() { Failure = FailureMode.Value }, "Value"),
        Case(nameof(SolverOptions.Graphs), new() { Graphs = GraphMode.Required }, "Required"),
    ];

    [TestCaseSource(nameof(Refused))]
    public void Options_of_the_native_library_alone_are_refused(string name, SolverOptions options, string value)
    {
        Assert.That(() => new OdeSolver(options), Throws.Nothing);

        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _ = new ManagedOdeSolver(options));

        Assert.That(error.ParamName, Is.EqualTo(name));
        Assert.That(error.Message, Does.StartWith($"{name}: {value} is not in the managed build; ").And.Contain("or use NeuralOde.OdeSolver"));
    }

    [Test]
    public void Values_out_of_range_are_refused_as_by_the_native_solver()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _ = new ManagedOdeSolver(new() { Eta = 0.5 }));

        Assert.That(error.Message, Does.Contain("choose another value in (0, 1]"));
    }

    [Test]
    public void No_option_is_left_out_here()
    {
        // A new option must be refused or supported: whoever adds one decides which, here and in Supported.
        string[] supported =
        [
            nameof(SolverOptions.Solver), nameof(SolverOptions.Gradient), nameof(SolverOptions.StepSize), nameof(SolverOptions.RelativeTolerance),
            nameof(SolverOptions.AbsoluteTolerance), nameof(SolverOptions.InitialStepSize), nameof(SolverOptions.Controller), nameof(SolverOptions.Eta),
            nameof(SolverOptions.MaxSteps), nameof(SolverOptions.SnapshotInterval), nameof(SolverOptions.DriftTolerance),
        ];
        string[] refused =
        [
            nameof(SolverOptions.Reversal), nameof(SolverOptions.Coupling), nameof(SolverOptions.Checkpoints), nameof(SolverOptions.DenseOutput),
            nameof(SolverOptions.PerSample), nameof(SolverOptions.Failure), nameof(SolverOptions.Graphs),
        ];
        string[] ofRefusedMethodsAlone =   // SolverOptions itself refuses them with alf and dopri5
        [
            nameof(SolverOptions.NewtonTolerance), nameof(SolverOptions.DenseJacobianLimit), nameof(SolverOptions.MaxNewtonIterations),
            nameof(SolverOptions.KrylovDimension), nameof(SolverOptions.CheckpointStages), nameof(SolverOptions.AdjointSeminorm),
        ];

        Assert.That(
            typeof(SolverOptions).GetProperties().Select(property => property.Name),
            Is.EquivalentTo((string[])[.. supported, .. refused, .. ofRefusedMethodsAlone]));
    }

    private static TestCaseData Case(string name, SolverOptions options, string value) =>
        new TestCaseData(name, options, value).SetArgDisplayNames(name, value, options.Solver.ToString());
}
