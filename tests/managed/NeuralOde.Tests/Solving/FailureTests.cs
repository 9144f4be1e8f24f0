namespace NeuralOde.Tests.Solving;

/// <summary>Failures as values, and as exceptions, by choice.</summary>
public sealed class FailureTests : IDisposable
{
    private static readonly SolverOptions TooFewSteps = new() { RelativeTolerance = 1e-5, AbsoluteTolerance = 1e-5, MaxSteps = 5 };

    // |1 - 2 eta|^-100 = 0.6^-100 = 1.5e22 times double rounding: nothing of z0 is left.
    private static readonly SolverOptions Drifting = new() { StepSize = 0.01, Eta = 0.8, SnapshotInterval = SnapshotInterval.None };

    private readonly TensorScope _scope = new();
    private readonly Dynamics _decay = Dynamics.FromFunction((_, z) => -z);

    public void Dispose()
    {
        _decay.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData(FailureMode.Exception)]
    [InlineData(FailureMode.Value)]
    public void A_solve_that_went_well_says_so(FailureMode failure)
    {
        using var solution = new OdeSolver(new() { StepSize = 0.1, Failure = failure }).Solve(_decay, Tensor.Scalar(1.0), 0, 1);

        Assert.Equal((Status.Ok, "", 1.0), (solution.Status, solution.Message, solution.ReachedTime));
    }

    [Fact]
    public void A_failed_solve_holds_the_last_good_state_without_a_graph()
    {
        var z0 = Tensor.Scalar(1.0).WithGrad();
        using var solution = new OdeSolver(TooFewSteps with { Failure = FailureMode.Value }).Solve(_decay, z0, 0, 1);

        Assert.Equal(Status.StepLimit, solution.Status);
        Assert.Contains("max_steps: 5", solution.Message, StringComparison.Ordinal);
        Assert.InRange(solution.ReachedTime, 1e-3, 0.9);
        Assert.Equal(Math.Exp(-solution.ReachedTime), solution.State.ToDouble(), 1e-3);   // local tolerance, few steps
        Assert.False(solution.State.RequiresGrad);
        Assert.Equal(5, solution.Statistics.StepsAccepted + solution.Statistics.StepsRejected);
        Assert.Equal(solution.ReachedTime, solution.Times.ToArray<double>()[^1]);
    }

    [Fact]
    public void Times_that_a_failed_solve_did_not_reach_are_not_numbers()
    {
        var solver = new OdeSolver(TooFewSteps with { Failure = FailureMode.Value });
        using var solution = solver.Solve(_decay, Tensor.Ones([2], DType.Float64), 0, 1, [1e-4, 0.95, 1]);
        var rows = solution.State.ToArray<double>();

        Assert.Equal(Math.Exp(-1e-4), rows[0], 1e-4);
        Assert.All(rows[2..], value => Assert.True(double.IsNaN(value)));
        Assert.False(solution.State.RequiresGrad);
    }

    [Fact]
    public void Drift_is_an_exception_of_the_backward()
    {
        using var solution = new OdeSolver(Drifting).Solve(_decay, Tensor.Scalar(1.0).WithGrad(), 0, 1);

        var error = Assert.Throws<NeuralOdeException>(() => solution.State.Backward());

        Assert.Equal(Status.Drift, error.Status);
        Assert.Contains("drift_tolerance", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Drift_is_a_status_once_the_backward_has_run()
    {
        var z0 = Tensor.Scalar(1.0).WithGrad();
        using var solution = new OdeSolver(Drifting with { Failure = FailureMode.Value }).Solve(_decay, z0, 0, 1);
        Assert.Equal(Status.Ok, solution.Status);
        solution.State.Backward();

        Assert.Equal(Status.Drift, solution.Status);
        Assert.Contains("drift_tolerance", solution.Message, StringComparison.Ordinal);
        Assert.Equal(1, solution.ReachedTime);
        Assert.NotNull(z0.Grad);
    }

    [Fact]
    public void A_block_throws_what_its_solve_says_and_remembers_it()
    {
        using var block = new OdeBlock(_decay, TooFewSteps with { Failure = FailureMode.Value });
        Assert.Equal((Status.Ok, ""), (block.LastStatus, block.LastMessage));

        var error = Assert.Throws<NeuralOdeException>(() => block.Forward(Tensor.Scalar(1.0)));

        Assert.Equal(Status.StepLimit, error.Status);
        Assert.Equal((error.Status, error.Message), (block.LastStatus, block.LastMessage));
        Assert.Equal(5, block.LastStatistics.StepsAccepted + block.LastStatistics.StepsRejected);
    }

    [Fact]
    public void A_block_whose_backward_drifts_tells_by_its_last_status()
    {
        using var block = new OdeBlock(_decay, Drifting with { Failure = FailureMode.Value });
        var y = block.Forward(Tensor.Scalar(1.0).WithGrad());
        Assert.Equal(Status.Ok, block.LastStatus);
        y.Backward();

        Assert.Equal(Status.Drift, block.LastStatus);
        Assert.Contains("drift_tolerance", block.LastMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_callback_throws_is_never_a_value()
    {
        using var f = Dynamics.FromFunction((Tensor _, Tensor _) => throw new InvalidOperationException("mine"));
        var solver = new OdeSolver(new() { StepSize = 0.1, Failure = FailureMode.Value });

        Assert.Equal("mine", Assert.Throws<InvalidOperationException>(() => solver.Solve(f, Tensor.Scalar(1.0), 0, 1)).Message);
    }

    [Fact]
    public void The_status_of_a_disposed_solution_is_gone_with_it()
    {
        var solution = new OdeSolver(TooFewSteps with { Failure = FailureMode.Value }).Solve(_decay, Tensor.Scalar(1.0), 0, 1);
        solution.Dispose();

        Assert.Throws<ObjectDisposedException>(() => solution.Status);
    }
}
