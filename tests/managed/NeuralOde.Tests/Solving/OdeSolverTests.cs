namespace NeuralOde.Tests.Solving;

public sealed class OdeSolverTests : IDisposable
{
    private readonly TensorScope _scope = new();
    private readonly Dynamics _decay = Dynamics.FromFunction((_, z) => -z);

    public void Dispose()
    {
        _decay.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void N_fixed_steps_cost_N_plus_one_evaluations_forward_and_at_most_as_many_backward()
    {
        using var solution = new OdeSolver(new() { StepSize = 0.1 }).Solve(_decay, Tensor.Scalar(1.0).WithGrad(), 0, 1);
        Assert.Equal(0, solution.Statistics.NfeBackward);
        Assert.True(double.IsNaN(solution.Statistics.ReconstructionError));

        solution.State.Backward();

        var statistics = solution.Statistics;
        Assert.Equal(10, statistics.StepsAccepted);
        Assert.Equal(0, statistics.StepsRejected);
        Assert.Equal(11, statistics.NfeForward);
        Assert.InRange(statistics.NfeBackward, 10, 11);
        Assert.InRange(statistics.ReconstructionError, 0, 1e-12);   // Float64 rounding over 10 steps
    }

    [Fact]
    public void Graphs_say_why_there_are_none()
    {
        using var plain = new OdeSolver(new() { StepSize = 0.1 }).Solve(_decay, Tensor.Scalar(1.0), 0, 1);
        Assert.Equal(("graphs: off", "graphs: off"), plain.Graphs);
        using var solution = new OdeSolver(new() { StepSize = 0.1, Graphs = GraphMode.Automatic }).Solve(_decay, Tensor.Scalar(1.0), 0, 1);
        Assert.Equal(("the state is on the CPU", "the state is on the CPU"), solution.Graphs);

        var required = Assert.Throws<NeuralOdeException>(
            () => new OdeSolver(new() { StepSize = 0.1, Graphs = GraphMode.Required }).Solve(_decay, Tensor.Scalar(1.0), 0, 1));
        Assert.Equal(Status.Unsupported, required.Status);
        Assert.Contains("graphs: required, but the state is on the CPU", required.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new OdeSolver(new() { Graphs = (GraphMode)9 }));
    }

    [Fact]
    public void A_step_that_does_not_divide_lands_on_the_end()
    {
        using var solution = new OdeSolver(new() { StepSize = 0.3 }).Solve(_decay, Tensor.Scalar(1.0), 0, 1);

        var times = solution.Times.ToArray<double>();
        Assert.Equal(5, times.Length);
        Assert.Equal(1.0, times[^1]);   // exactly
    }

    [Fact]
    public void Times_asked_for_get_a_leading_axis()
    {
        using var solution = new OdeSolver(new() { StepSize = 0.01 }).Solve(_decay, Tensor.Ones([2], DType.Float64), 0, 1, [0.25, 0.5, 1]);

        Assert.Equal([3, 2], solution.State.Shape);
        double[] expected = [Math.Exp(-0.25), Math.Exp(-0.5), Math.Exp(-1)];
        for (var i = 0; i < 3; i++) Assert.Equal(expected[i], solution.State[i, 0].ToDouble(), 1e-4);   // order 2 at h = 0.01
    }

    [Fact]
    public void Integration_backward_in_time_undoes_integration_forward()
    {
        var solver = new OdeSolver(new() { StepSize = 0.01 });
        using var there = solver.Solve(_decay, Tensor.Scalar(1.0), 0, 1);
        using var back = solver.Solve(_decay, there.State, 1, 0);

        Assert.Equal(1, back.State.ToDouble(), 1e-3);   // v starts anew: order 2 at h = 0.01, not exact
    }

    [Fact]
    public void Adaptive_steps_meet_a_tolerance()
    {
        var options = new SolverOptions { RelativeTolerance = 1e-6, AbsoluteTolerance = 1e-8 };
        using var solution = new OdeSolver(options).Solve(_decay, Tensor.Scalar(1.0), 0, 1);

        Assert.Equal(Math.Exp(-1), solution.State.ToDouble(), 1e-4);   // local tolerance, many steps
        Assert.True(solution.Statistics.StepsAccepted > 10);
    }

    [Fact]
    public void Tuple_states_come_back_in_order()
    {
        using var f = Dynamics.FromFunction((_, z) => [z[1], -z[0]]);
        using var solution = new OdeSolver(new() { StepSize = 0.01 }).Solve(f, [Tensor.Scalar(0.0), Tensor.Scalar(1.0)], 0, 1);

        Assert.Equal(Math.Sin(1), solution.States[0].ToDouble(), 1e-4);
        Assert.Equal(Math.Cos(1), solution.States[1].ToDouble(), 1e-4);
    }

    [Fact]
    public void Without_a_gradient_method_the_state_is_not_recorded()
    {
        using var solution = new OdeSolver(new() { StepSize = 0.1, Gradient = GradientMethod.None }).Solve(_decay, Tensor.Scalar(1.0).WithGrad(), 0, 1);

        Assert.False(solution.State.RequiresGrad);
    }

    [Fact]
    public void Too_many_steps_are_a_status_with_a_remedy()
    {
        var solver = new OdeSolver(new() { StepSize = 0.001, MaxSteps = 10 });

        var error = Assert.Throws<NeuralOdeException>(() => solver.Solve(_decay, Tensor.Scalar(1.0), 0, 1));

        Assert.Equal(Status.StepLimit, error.Status);
        Assert.Contains("10", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dynamics_that_are_not_finite_are_a_status()
    {
        using var f = Dynamics.FromFunction((_, z) => z.Square() * 1e300);

        var error = Assert.Throws<NeuralOdeException>(() => new OdeSolver(new() { StepSize = 0.1 }).Solve(f, Tensor.Scalar(1e10), 0, 1));

        Assert.Equal(Status.NonFinite, error.Status);
    }

    [Fact]
    public void A_retained_graph_serves_a_second_backward()
    {
        var z0 = Tensor.Scalar(1.0).WithGrad();
        using var solution = new OdeSolver(new() { StepSize = 0.1 }).Solve(_decay, z0, 0, 1);
        solution.State.Backward(retainGraph: true);
        var once = z0.Grad!.ToDouble();
        solution.State.Backward();

        Assert.Equal(2 * once, z0.Grad!.ToDouble(), 1e-14);
    }

    [Fact]
    public void A_double_backward_through_mali_raises()
    {
        var z0 = Tensor.Scalar(1.0).WithGrad();
        using var solution = new OdeSolver(new() { StepSize = 0.1 }).Solve(_decay, z0, 0, 1);

        Assert.Throws<NeuralOdeException>(() =>
        {
            var first = Autograd.Grad([solution.State], [z0], createGraph: true)[0]!;
            first.Backward();
        });
    }

    [Fact]
    public void A_parameter_changed_between_forward_and_backward_raises()
    {
        var weight = Tensor.Scalar(-1.0).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);
        using var solution = new OdeSolver(new() { StepSize = 0.1 }).Solve(f, Tensor.Scalar(1.0), 0, 1);
        using (Autograd.NoGrad()) weight.Add_(Tensor.Scalar(0.1));

        Assert.Throws<NeuralOdeException>(() => solution.State.Backward());
    }

    [Fact]
    public void A_disposed_solution_leaves_the_graph_alone()
    {
        var z0 = Tensor.Scalar(1.0).WithGrad();
        var solution = new OdeSolver(new() { StepSize = 0.1 }).Solve(_decay, z0, 0, 1);
        var loss = solution.State * 2;
        solution.Dispose();
        loss.Backward();

        Assert.NotNull(z0.Grad);
        Assert.Throws<ObjectDisposedException>(() => solution.Statistics);
    }

    [Fact]
    public void A_step_longer_than_the_interval_is_shortened_to_it()
    {
        using var solution = new OdeSolver(new() { StepSize = 10 }).Solve(_decay, Tensor.Scalar(1.0), 0, 1);

        Assert.Equal([0.0, 1.0], solution.Times.ToArray<double>());
        Assert.Equal(0.5, solution.State.ToDouble(), 1e-15);   // k = 1 - 1/2, u = -1/2, v' = 0, z' = k
    }

    [Fact]
    public void An_interval_without_length_leaves_the_state_as_it_is()
    {
        var z0 = Tensor.Scalar(2.0).WithGrad();
        using var solution = new OdeSolver(new() { StepSize = 0.1 }).Solve(_decay, z0, 1, 1);
        solution.State.Backward();

        Assert.Equal(2, solution.State.ToDouble());
        Assert.Equal(1, z0.Grad!.ToDouble());
        Assert.Equal(0, solution.Statistics.StepsAccepted);
    }

    [Fact]
    public void Times_far_from_zero_are_landed_on_exactly()
    {
        using var solution = new OdeSolver(new() { StepSize = 0.3 }).Solve(_decay, Tensor.Scalar(1.0), 1e6, 1e6 + 1, [1e6 + 0.7, 1e6 + 1]);

        Assert.Contains(1e6 + 0.7, solution.Times.ToArray<double>());
        Assert.Equal(1e6 + 1, solution.Times.ToArray<double>()[^1]);
    }

    [Fact]
    public void Single_precision_times_are_taken()
    {
        var t1 = Tensor.Scalar(1f).WithGrad();
        using var solution = new OdeSolver(new() { StepSize = 0.25 }).Solve(_decay, Tensor.Scalar(1.0), Tensor.Scalar(0f), t1);
        solution.State.Backward();

        Assert.Equal(DType.Float32, t1.Grad!.DType);
        Assert.Equal(-Math.Exp(-1), t1.Grad.ToDouble(), 0.1);
    }

    [Fact]
    public void A_block_maps_its_input_and_reports_the_last_pass()
    {
        using var block = new OdeBlock(_decay, new() { StepSize = 0.125 });
        Assert.Equal(0, block.LastStatistics.NfeForward);

        var y = block.Forward(Tensor.Ones([2, 3]).WithGrad());
        y.Sum().Backward();

        Assert.Equal([2, 3], y.Shape);
        Assert.Equal(9, block.LastStatistics.NfeForward);
        Assert.InRange(block.LastStatistics.NfeBackward, 8, 9);
    }
}
