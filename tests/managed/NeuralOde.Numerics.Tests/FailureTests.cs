namespace NeuralOde.Numerics.Tests;

/// <summary>Each failure of a solve: an exception or a value, with where it happened and what to do.</summary>
[TestFixture]
public sealed class FailureTests : ScopedTests
{
    private sealed record Failing(Status Status, SolverOptions Options, Func<Tensor, Tensor, Tensor> F, string[] Said);

    private static readonly SolverOptions Fixed = new() { StepSize = 0.1 };

    private static readonly SolverOptions Explicit = Fixed with { Solver = SolverKind.Dopri5 };

    private static readonly Dictionary<string, Failing> Failures = new()
    {
        ["step limit"] = new(Status.StepLimit, Fixed with { MaxSteps = 5 }, (_, z) => -z, ["max_steps: 5", "t = "]),
        ["step limit, dopri5"] = new(Status.StepLimit, Explicit with { StepSize = null, MaxSteps = 2 }, (t, z) => z * (9 * t).Cos(), ["max_steps: 2", "t = "]),
        ["step limit, adaptive"] = new(Status.StepLimit, new() { MaxSteps = 5 }, (_, z) => -z, ["max_steps: 5", "t = "]),
        // The logarithm ends between the fourth midpoint, t = 0.35, and the fifth.
        ["non-finite f"] = new(Status.NonFinite, Fixed, (t, z) => -z + (0.4 - t).Log(), ["state 0", "t = 0.45", "step 5"]),
        // z = 1 + 1.4e308 t passes the largest number, 1.8e308, between t = 1.2 and 1.3; so does no product in the step, 2 eta f = 1.7e308.
        // The stages of step 4 end at t = 0.4, where the logarithm is of 0.05; those of step 5 reach 0.45.
        ["non-finite f, dopri5"] = new(Status.NonFinite, Explicit, (t, z) => -z + (0.45 - t).Log(), ["state 0", "t = 0.4", "step 5"]),
        ["non-finite state"] = new(Status.NonFinite, Fixed with { Eta = 0.6 }, (_, z) => (z * 0) + 1.4e308, ["the state", "t = 1.25", "step 13"]),
        ["lattice overflow"] = new(
            Status.LatticeOverflow, Fixed with { Reversal = Reversal.Exact }, (_, z) => z * 100, ["fixed-point", "step ", "t = "]),
        // An f that never gives the same twice has an error of h 1e30 at any length.
        ["step-size underflow"] = new(Status.StepSizeUnderflow, new(), (_, z) => (z * 0) + (_calls++ % 2 == 0 ? 1e30 : -1e30), ["step ", "t = "]),
    };

    private static int _calls;

    public static IEnumerable<string> Names => Failures.Keys;

    /// <summary>Exact reversal is mali's, and mali is alf's.</summary>
    public static IEnumerable<TestCaseData> NamesAndGradients =>
        from name in Names
        from gradient in Enum.GetValues<GradientMethod>()
        where Failures[name].Options.Reversal == Reversal.Float || gradient is GradientMethod.Mali or GradientMethod.None
        where gradient != (Failures[name].Options.Solver == SolverKind.Alf ? GradientMethod.Reversible : GradientMethod.Mali)   // where they undo no steps
        select new TestCaseData(name, gradient);

    [Test]
    public void A_failure_is_an_exception_that_says_where_and_what_to_do([ValueSource(nameof(Names))] string name)
    {
        var failing = Failures[name];
        using var f = Dynamics.FromFunction(failing.F);

        var error = Assert.Throws<NeuralOdeException>(() => new OdeSolver(failing.Options).Solve(f, Start(), 0, 2));

        Assert.Multiple(() =>
        {
            Assert.That(error.Status, Is.EqualTo(failing.Status));
            foreach (var part in failing.Said) Assert.That(error.Message, Does.Contain(part));
        });
    }

    [TestCaseSource(nameof(NamesAndGradients))]
    public void A_failure_is_a_value_with_the_same_words_and_the_last_good_state(string name, GradientMethod gradient)
    {
        var failing = Failures[name];
        using var f = Dynamics.FromFunction(failing.F);
        var options = failing.Options with { Failure = FailureMode.Value, Gradient = gradient };
        using var solution = new OdeSolver(options).Solve(f, Start(), 0, 2);

        Assert.Multiple(() =>
        {
            Assert.That(solution.Status, Is.EqualTo(failing.Status));
            foreach (var part in failing.Said) Assert.That(solution.Message, Does.Contain(part));
            Assert.That(solution.State.RequiresGrad, Is.False);
            Assert.That(solution.State.IsFinite().Min().ToDouble(), Is.EqualTo(1));
            Assert.That(solution.ReachedTime, Is.InRange(0, 2).And.Not.EqualTo(2));
            Assert.That(solution.Times.ToArray<double>()[^1], Is.EqualTo(solution.ReachedTime));
            Assert.That(solution.Times.ElementCount, Is.EqualTo(solution.Statistics.StepsAccepted + 1));
        });
    }

    [Test]
    public void The_last_good_state_is_that_of_a_solve_to_the_time_reached([Values] Reversal reversal)
    {
        using var f = Dynamics.FromFunction((t, z) => -z + (0.45 - t).Log());
        var options = Fixed with { Reversal = reversal, Failure = FailureMode.Value };
        using var failed = new OdeSolver(options).Solve(f, Start(), 0, 2);
        using var whole = new OdeSolver(options).Solve(f, Start(), 0, failed.ReachedTime);

        Assert.Multiple(() =>
        {
            Assert.That(failed.Status, Is.EqualTo(Status.NonFinite));
            Assert.That(whole.Status, Is.EqualTo(Status.Ok));
            Assert.That(failed.State.ToArray<double>(), Is.EqualTo(whole.State.ToArray<double>()).Within(1e-12));   // lattices differ by the span
        });
    }

    [Test]
    public void A_solve_that_fails_at_once_holds_a_copy_of_its_first_state([Values] GradientMethod gradient)
    {
        using var f = Dynamics.FromFunction((_, z) => z * double.NaN);
        var z0 = Start();
        using var solution = new OdeSolver(With(gradient, Fixed)).Solve(f, z0, 0, 2);
        using (Autograd.NoGrad()) z0.Zero_();

        Assert.Multiple(() =>
        {
            Assert.That(solution.Status, Is.EqualTo(Status.NonFinite));
            Assert.That(solution.ReachedTime, Is.Zero);
            Assert.That(solution.State.ToArray<double>(), Is.EqualTo(new double[] { 1, 1 }));
        });
    }

    [Test]
    public void Rows_of_times_that_were_not_reached_are_not_numbers([Values] GradientMethod gradient)
    {
        using var f = Dynamics.FromFunction((t, z) => -z + (0.45 - t).Log());
        var options = With(gradient, Fixed);
        using var solution = new OdeSolver(options).Solve(f, Start(), 0, 1, [0, 0.2, 0.9]);
        var rows = solution.State.ToArray<double>();

        Assert.Multiple(() =>
        {
            Assert.That(rows[..4], Is.All.Matches<double>(double.IsFinite));
            Assert.That(rows[4..], Is.All.NaN);
            Assert.That(solution.State.RequiresGrad, Is.False);
        });
    }

    /// <summary>Reversible gradients undo steps of other solvers than alf.</summary>
    private static SolverOptions With(GradientMethod gradient, SolverOptions options) => options with
    {
        Failure = FailureMode.Value, Gradient = gradient,
        Solver = gradient == GradientMethod.Reversible && options.Solver == SolverKind.Alf ? SolverKind.ReversibleHeun : options.Solver,
    };

    private static Tensor Start() => Tensor.Ones([2], DType.Float64).WithGrad();
}
