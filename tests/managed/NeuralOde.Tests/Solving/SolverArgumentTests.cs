namespace NeuralOde.Tests.Solving;

/// <summary>Every message names the argument, the value and the remedy.</summary>
public sealed class SolverArgumentTests : IDisposable
{
    private readonly TensorScope _scope = new();
    private readonly Dynamics _decay = Dynamics.FromFunction((_, z) => -z);

    public static TheoryData<string, string> BadOptions => new()
    {
        { "Eta", "0.5" }, { "Eta", "0" }, { "Eta", "1.5" }, { "Eta", "NaN" },
        { "StepSize", "0" }, { "StepSize", "-0.1" }, { "StepSize", "NaN" },
        { "RelativeTolerance", "0" }, { "AbsoluteTolerance", "-1" }, { "InitialStepSize", "0" }, { "MaxSteps", "0" },
        { "Solver", "99" }, { "Gradient", "99" }, { "Reversal", "99" }, { "Failure", "99" }, { "Controller", "99" },
        { "Checkpoints", "0" }, { "Checkpoints", "-3" },
        { "DriftTolerance", "0" }, { "DriftTolerance", "-1" }, { "DriftTolerance", "NaN" },
        { "Coupling", "0" }, { "Coupling", "1.5" }, { "Coupling", "NaN" },
        { "NewtonTolerance", "0" }, { "NewtonTolerance", "-1" }, { "NewtonTolerance", "NaN" }, { "DenseJacobianLimit", "0" }, { "MaxNewtonIterations", "0" },
        { "KrylovDimension", "0" }, { "KrylovDimension", "-2" },
    };

    public void Dispose()
    {
        _decay.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void An_option_out_of_range_is_named_with_its_value(string name, string value)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(With(name, value)));

        Assert.Equal(name, error.ParamName);
        Assert.Contains($"{name}: {value} ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Eta_of_one_half_is_rejected_because_it_has_no_inverse()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(new() { Eta = 0.5 }));

        Assert.Contains("without an inverse", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exact_reversal_needs_eta_of_one()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(new() { Reversal = Reversal.Exact, Eta = 0.9 }));

        Assert.Equal("Eta", error.ParamName);
        Assert.Contains("Eta: 0.9 cannot be undone to the bit; set it to 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exact_reversal_is_not_for_backprop()
    {
        var options = new SolverOptions { Reversal = Reversal.Exact, Gradient = GradientMethod.Backprop };
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(options));

        Assert.Equal("Reversal", error.ParamName);
        Assert.Contains("take GradientMethod.Mali", error.Message, StringComparison.Ordinal);
        _ = new OdeSolver(options with { Gradient = GradientMethod.None });
    }

    [Theory]
    [InlineData(GradientMethod.Backprop)]
    [InlineData(GradientMethod.None)]
    [InlineData(GradientMethod.Aca)]
    public void A_number_of_steps_between_snapshots_is_only_for_mali(GradientMethod gradient)
    {
        var options = new SolverOptions { SnapshotInterval = SnapshotInterval.Every(4), Gradient = gradient };
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(options));

        Assert.Equal("SnapshotInterval", error.ParamName);
        Assert.Contains($"SnapshotInterval: 4 keeps states for steps that are undone, and GradientMethod.{gradient} undoes none; leave it Automatic", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GradientMethod.Pnode)]
    [InlineData(GradientMethod.None)]
    public void A_tolerance_of_drift_is_only_for_steps_that_are_undone(GradientMethod gradient)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(new() { DriftTolerance = 0.25, Gradient = gradient }));

        Assert.Equal("DriftTolerance", error.ParamName);
        Assert.Contains($"DriftTolerance: 0.25 is for steps that are undone, and GradientMethod.{gradient} undoes none", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", GradientMethod.None)]
    [InlineData("auto", GradientMethod.Backprop)]
    [InlineData("none", GradientMethod.Backprop)]
    [InlineData("auto", GradientMethod.None)]
    public void Snapshots_of_no_number_go_with_every_gradient(string interval, GradientMethod gradient)
    {
        var options = new SolverOptions { SnapshotInterval = SnapshotInterval.Parse(interval), Gradient = gradient, StepSize = 0.25 };
        using var solution = new OdeSolver(options).Solve(_decay, Tensor.Scalar(1.0), 0, 1);

        Assert.Equal(Status.Ok, solution.Status);
    }

    [Theory]
    [InlineData(double.NaN, 1, "t0")]
    [InlineData(0, double.PositiveInfinity, "t1")]
    public void Times_must_be_finite(double t0, double t1, string name) =>
        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => Solver().Solve(_decay, Tensor.Scalar(1.0), t0, t1)).ParamName);

    [Fact]
    public void Times_asked_for_must_be_finite() =>
        Assert.Equal("tEval", Assert.Throws<ArgumentOutOfRangeException>(() => Solver().Solve(_decay, Tensor.Scalar(1.0), 0, 1, [double.NaN])).ParamName);

    [Theory]
    [InlineData(0.5, 0.25)]   // turns back
    [InlineData(0.5, 1.5)]    // beyond the end
    [InlineData(-0.5, 0.5)]   // before the start
    public void Times_asked_for_run_from_the_start_to_the_end(double first, double second)
    {
        var error = Assert.Throws<NeuralOdeException>(() => Solver().Solve(_decay, Tensor.Scalar(1.0), 0, 1, [first, second]));

        Assert.Equal(Status.InvalidArgument, error.Status);
        Assert.Contains("t_eval", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_time_asked_for_twice_is_rejected() => Assert.Equal(
        Status.InvalidArgument, Assert.Throws<NeuralOdeException>(() => Solver().Solve(_decay, Tensor.Scalar(1.0), 0, 1, [0.5, 0.5])).Status);

    [Fact]
    public void An_empty_list_of_times_is_rejected()
    {
        var error = Assert.Throws<NeuralOdeException>(() => Solver().Solve(_decay, Tensor.Scalar(1.0), 0, 1, []));

        Assert.Equal(Status.InvalidArgument, error.Status);
        Assert.Contains("t_eval", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_time_with_dimensions_is_rejected()
    {
        var error = Assert.Throws<NeuralOdeException>(() => Solver().Solve(_decay, Tensor.Scalar(1.0), Tensor.Zeros([2], DType.Float64), Tensor.Scalar(1.0)));

        Assert.Equal(Status.InvalidArgument, error.Status);
        Assert.Contains("t0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_integer_state_is_rejected()
    {
        var error = Assert.Throws<NeuralOdeException>(() => Solver().Solve(_decay, Tensor.Ones([2], DType.Int64), 0, 1));

        Assert.Equal(Status.InvalidArgument, error.Status);
        Assert.Contains("z0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void States_of_different_types_are_rejected()
    {
        using var f = Dynamics.FromFunction((Tensor _, IReadOnlyList<Tensor> z) => z);
        var error = Assert.Throws<NeuralOdeException>(() => Solver().Solve(f, [Tensor.Scalar(1.0), Tensor.Scalar(1f)], 0, 1));

        Assert.Equal(Status.InvalidArgument, error.Status);
    }

    [Fact]
    public void An_empty_state_list_is_rejected()
    {
        using var f = Dynamics.FromFunction((Tensor _, IReadOnlyList<Tensor> z) => z);

        Assert.Equal(Status.InvalidArgument, Assert.Throws<NeuralOdeException>(() => Solver().Solve(f, Array.Empty<Tensor>(), 0, 1)).Status);
    }

    [Fact]
    public void Null_arguments_are_named()
    {
        Assert.Equal("options", Assert.Throws<ArgumentNullException>(() => new OdeSolver(null!)).ParamName);
        Assert.Equal("f", Assert.Throws<ArgumentNullException>(() => Solver().Solve(null!, Tensor.Scalar(1.0), 0, 1)).ParamName);
        Assert.Equal("z0", Assert.Throws<ArgumentNullException>(() => Solver().Solve(_decay, (Tensor)null!, 0, 1)).ParamName);
        Assert.Equal("f", Assert.Throws<ArgumentNullException>(() => Dynamics.FromFunction((Func<Tensor, Tensor, Tensor>)null!)).ParamName);
        Assert.Equal("f", Assert.Throws<ArgumentNullException>(() => new OdeBlock(null!, new())).ParamName);
    }

    [Fact]
    public void Disposed_dynamics_say_so()
    {
        _decay.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Solver().Solve(_decay, Tensor.Scalar(1.0), 0, 1));
    }

    private static OdeSolver Solver() => new(new() { StepSize = 0.25 });

    private static SolverOptions With(string name, string text)
    {
        var value = double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        var options = new SolverOptions();
        return name switch
        {
            "Eta" => options with { Eta = value },
            "StepSize" => options with { StepSize = value },
            "RelativeTolerance" => options with { RelativeTolerance = value },
            "AbsoluteTolerance" => options with { AbsoluteTolerance = value },
            "InitialStepSize" => options with { InitialStepSize = value },
            "MaxSteps" => options with { MaxSteps = (long)value },
            "Solver" => options with { Solver = (SolverKind)value },
            "Gradient" => options with { Gradient = (GradientMethod)value },
            "Reversal" => options with { Reversal = (Reversal)value },
            "Failure" => options with { Failure = (FailureMode)value },
            "Controller" => options with { Controller = (StepSizeController)value },
            "Checkpoints" => options with { Checkpoints = (long)value, Gradient = GradientMethod.Pnode },
            "DriftTolerance" => options with { DriftTolerance = value },
            "Coupling" => options with { Solver = SolverKind.Dopri5, Coupling = value },
            "NewtonTolerance" => options with { Solver = SolverKind.Trbdf2, NewtonTolerance = value },
            "DenseJacobianLimit" => options with { Solver = SolverKind.Trbdf2, DenseJacobianLimit = (long)value },
            "MaxNewtonIterations" => options with { Solver = SolverKind.Trbdf2, MaxNewtonIterations = (int)value },
            "KrylovDimension" => options with { Solver = SolverKind.Trbdf2, KrylovDimension = (int)value },
            _ => throw new ArgumentException(name, nameof(name)),
        };
    }
}
