namespace NeuralOde.Tests.Solving;

public sealed class SolveObserverTests : IDisposable
{
    private const double Gravity = 9.81;
    private static readonly OdeSolver Solver = new(new() { Solver = SolverKind.Dopri5, StepSize = 0.1 });
    private readonly TensorScope _scope = new();
    private readonly Dynamics _growth = Dynamics.FromFunction((_, z) => z);
    private readonly InvalidTimeZoneException _thrown = new("from the observer");

    /// <summary>g of (height, speed): the height.</summary>
    private static SolveObserver Ground => new() { Event = (_, z) => z[0], EventDirection = EventDirection.Falling };

    public void Dispose()
    {
        _growth.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void OnStep_sees_every_accepted_step()
    {
        var steps = new List<(long Number, double Time, double StepSize, double State)>();
        var observer = new SolveObserver { OnStep = step => steps.Add((step.Number, step.Time, step.StepSize, step.State.ToDouble())) };

        using var solution = Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 0.25, observer: observer);

        Assert.Equal([1, 2, 3], steps.Select(step => step.Number));
        Assert.Equal([0.1, 0.2, 0.25], steps.Select(step => step.Time));
        Assert.Equal(0.1, steps[0].StepSize);
        Assert.Equal(solution.State.ToDouble(), steps[^1].State);
        Assert.Null(solution.EventTime);
    }

    [Fact]
    public void OnStep_sees_every_state_of_a_tuple()
    {
        using var f = Dynamics.FromFunction((_, z) => [z[1], -z[0]]);
        var seen = 0;
        var observer = new SolveObserver { OnStep = step => seen += step.States.Count };

        using var solution = Solver.Solve(f, [Tensor.Scalar(0.0), Tensor.Scalar(1.0)], 0, 0.1, observer: observer);

        Assert.Equal(2, seen);
    }

    [Fact]
    public void A_step_may_stop_the_solve()
    {
        var observer = new SolveObserver { OnStep = step => { if (step.Number == 2) step.Stop(); } };

        var error = Assert.Throws<NeuralOdeException>(() => Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 1, observer: observer));

        Assert.Equal(Status.Cancelled, error.Status);
        Assert.Contains("step 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancellation_ends_the_solve_with_the_exception_of_its_token()
    {
        using var source = new CancellationTokenSource();
        var steps = 0;
        var observer = new SolveObserver { Cancellation = source.Token, OnStep = _ => { if (++steps == 3) source.Cancel(); } };

        var error = Assert.Throws<OperationCanceledException>(() => Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 1, observer: observer));

        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal(3, steps);
    }

    [Fact]
    public void A_cancelled_solve_is_a_value_for_those_who_asked_for_it()
    {
        using var source = new CancellationTokenSource();
        var solver = new OdeSolver(Solver.Options with { Failure = FailureMode.Value });

        using var solution = solver.Solve(
            _growth, Tensor.Scalar(1.0), 0, 1, [0.05, 1], new SolveObserver { Cancellation = source.Token, OnStep = _ => source.Cancel() });

        Assert.Equal(Status.Cancelled, solution.Status);
        Assert.Equal(0.05, solution.ReachedTime);   // after the first step, which the first time asked for ends
        Assert.True(double.IsNaN(solution.State[1].ToDouble()));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 0)]
    public void A_solve_that_is_cancelled_before_it_begins_evaluates_nothing(double t0, double t1)
    {
        using var f = Dynamics.FromFunction((_, _) => throw _thrown);
        var observer = new SolveObserver { Cancellation = new CancellationToken(canceled: true) };
        var z0 = Tensor.FromArray([1.0, 2]).WithGrad();

        Assert.Throws<OperationCanceledException>(() => Solver.Solve(f, z0, t0, t1, observer: observer));
        using var solution = new OdeSolver(Solver.Options with { Failure = FailureMode.Value }).Solve(f, z0, t0, t1, observer: observer);

        Assert.Equal(Status.Cancelled, solution.Status);
        Assert.NotEmpty(solution.Message);
        Assert.Equal(t0, solution.ReachedTime);
        Assert.Equal([1.0, 2], solution.State.ToArray<double>());
        Assert.False(solution.State.RequiresGrad);
        Assert.Equal([t0], solution.Times.ToArray<double>());
        Assert.Equal(0, solution.Statistics.NfeForward);
    }

    [Fact]
    public void Of_a_solve_that_is_cancelled_before_it_begins_only_the_first_time_has_a_state()
    {
        var observer = new SolveObserver { Cancellation = new CancellationToken(canceled: true) };

        using var solution = new OdeSolver(Solver.Options with { Failure = FailureMode.Value })
            .Solve(_growth, [Tensor.Scalar(1.0), Tensor.Ones([2, 3])], 0, 1, [0, 0.5], observer);

        Assert.Equal([1.0, double.NaN], solution.State.ToArray<double>());
        Assert.Equal([2, 2, 3], solution.States[1].Shape);
    }

    [Theory]
    [InlineData(GradientMethod.Backprop)]
    [InlineData(GradientMethod.Adjoint)]
    [InlineData(GradientMethod.Aca)]
    [InlineData(GradientMethod.Pnode)]
    public void The_time_of_a_fall_and_its_derivatives_are_the_analytic_ones(GradientMethod gradient)
    {
        var gravity = Tensor.Scalar(Gravity).WithGrad();
        using var fall = Dynamics.FromFunction((_, z) => Tensor.Stack([z[1], -gravity]), [gravity]);
        var start = Tensor.FromArray([3.0, 0.0]).WithGrad();
        var solver = new OdeSolver(Solver.Options with { Gradient = gradient });

        using var solution = solver.Solve(fall, start, 0, 100, observer: Ground);
        solution.EventTime!.Backward();

        // h = g t^2 / 2; Runge-Kutta steps are exact for it.
        var time = Math.Sqrt(2 * 3 / Gravity);
        Assert.Equal(time, solution.EventTime.ToDouble(), 1e-12);
        Assert.Equal(time, solution.ReachedTime, 1e-12);
        Assert.Equal(0, solution.State[0].ToDouble(), 1e-12);
        Assert.Equal([1 / (Gravity * time), 1 / Gravity], start.Grad!.ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-11);
        Assert.Equal(-time / (2 * Gravity), gravity.Grad!.ToDouble(), 1e-11);
    }

    [Fact]
    public void A_ball_bounces_from_event_to_event()
    {
        using var fall = Dynamics.FromFunction((_, z) => Tensor.Stack([z[1], Tensor.Scalar(-Gravity)]));
        var height = Tensor.Scalar(2.0).WithGrad();
        var state = Tensor.Stack([height, Tensor.Scalar(0.0)]);
        var time = Tensor.Scalar(0.0);
        for (var bounce = 0; bounce < 3; bounce++)
        {
            using var solution = Solver.Solve(fall, state, time, Tensor.Scalar(100.0), observer: Ground);
            (time, state) = (solution.EventTime! * 1, Tensor.Stack([solution.State[0] * 0 + 1e-9, solution.State[1] * -0.5]));
        }

        time.Backward();

        // sqrt(2 h / g) (1 + 2 (1/2 + 1/4)), and half of it by h; each bounce starts a nanometre up.
        var expected = Math.Sqrt(4 / Gravity) * 2.5;
        Assert.Equal(expected, time.ToDouble(), 1e-8);
        Assert.Equal(expected / 4, height.Grad!.ToDouble(), 1e-8);
    }

    [Fact]
    public void Times_beyond_the_event_are_NaN()
    {
        var observer = new SolveObserver { Event = (_, z) => z - 2 };

        using var solution = Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 5, [0.5, 0.6, 1, 5], observer);

        Assert.Equal(Math.Log(2), solution.EventTime!.ToDouble(), 1e-6);   // order 5 at 0.1
        Assert.Equal([false, false, true, true], solution.State.ToArray<double>().Select(double.IsNaN));
    }

    [Fact]
    public void An_event_that_does_not_occur_leaves_the_solve_as_it_is()
    {
        using var plain = Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 1);
        using var falling = Solver.Solve(
            _growth, Tensor.Scalar(1.0), 0, 1, observer: new() { Event = (_, z) => z - 2, EventDirection = EventDirection.Falling });

        Assert.Null(falling.EventTime);
        Assert.Equal(plain.State.ToDouble(), falling.State.ToDouble());
        Assert.Equal(1, falling.ReachedTime);
    }

    [Fact]
    public void An_event_of_a_tuple_takes_all_states()
    {
        using var f = Dynamics.FromFunction((_, z) => [z[1], -z[0]]);
        var observer = new SolveObserver { EventOfStates = (t, z) => z[0] - z[1] + (0 * t) };

        using var solution = Solver.Solve(f, [Tensor.Scalar(0.0), Tensor.Scalar(1.0)], 0, 5, observer: observer);

        Assert.Equal(Math.PI / 4, solution.EventTime!.ToDouble(), 1e-6);
    }

    [Fact]
    public void What_the_observer_throws_comes_out_of_solve_as_itself()
    {
        var value = new OdeSolver(Solver.Options with { Failure = FailureMode.Value });
        foreach (var observer in new SolveObserver[] { new() { OnStep = _ => throw _thrown }, new() { Event = (_, _) => throw _thrown } })
        {
            Assert.Same(_thrown, Assert.Throws<InvalidTimeZoneException>(() => Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 1, observer: observer)));
            Assert.Same(_thrown, Assert.Throws<InvalidTimeZoneException>(() => value.Solve(_growth, Tensor.Scalar(1.0), 0, 1, observer: observer)));
        }
    }

    [Fact]
    public void An_event_that_returns_null_or_a_vector_is_an_error_that_says_so()
    {
        var none = Assert.Throws<InvalidOperationException>(
            () => Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 1, observer: new() { Event = (_, _) => null! }));
        var vector = Assert.Throws<NeuralOdeException>(
            () => Solver.Solve(_growth, Tensor.Ones([3]), 0, 1, observer: new() { Event = (_, z) => z }));

        Assert.Contains("returned null", none.Message, StringComparison.Ordinal);
        Assert.Contains("without dimensions", vector.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_together_is_refused()
    {
        AssertRefused("EventOfStates", new() { Event = (_, z) => z, EventOfStates = (_, z) => z[0] });
        AssertRefused("EventDirection", new() { OnStep = _ => { }, EventDirection = EventDirection.Rising });
        AssertRefused("EventDirection", new() { Event = (_, z) => z, EventDirection = (EventDirection)7 });

        void AssertRefused(string name, SolveObserver observer) => Assert.Contains(
            name, Assert.ThrowsAny<ArgumentException>(() => Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 1, observer: observer)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_observer_with_nothing_to_call_is_as_none()
    {
        using var solution = Solver.Solve(_growth, Tensor.Scalar(1.0), 0, 1, observer: new());

        Assert.Equal(Status.Ok, solution.Status);
    }

    [Fact]
    public void Observed_solves_leave_no_native_object_behind()
    {
        var observer = new SolveObserver { OnStep = step => _ = step.State * 2, Event = (_, z) => (z * 2) - 4 };
        Run();
        var before = NativeObjects.Settled();
        for (var i = 0; i < 20; i++) Run();

        Assert.Equal(before, Library.LiveObjects);

        void Run()
        {
            using var scope = new TensorScope();
            using var solution = Solver.Solve(_growth, Tensor.Scalar(1.0).WithGrad(), 0, 1, observer: observer);
            solution.EventTime!.Backward();
        }
    }
}
