namespace NeuralOde.Numerics.Tests;

/// <summary>Adaptive steps: tolerances are met, times are landed on, and every trial is paid for once.</summary>
[TestFixture]
public sealed class AdaptiveTests : ScopedTests
{
    [Test]
    [Combinatorial]
    public void The_error_stays_near_the_tolerance(
        [Values(1e-3, 1e-4, 1e-5, 1e-6, 1e-7)] double tolerance, [Values(false, true)] bool backwardInTime)
    {
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        using var f = Dynamics.FromFunction((t, z) => z * (2 * t));   // z = exp(t^2)
        var options = new SolverOptions { RelativeTolerance = tolerance, AbsoluteTolerance = tolerance };
        using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(Math.Exp(start * start)), start, end);

        var error = Math.Abs(solution.State.ToDouble() - Math.Exp(end * end));
        Assert.That(error, Is.LessThan(30 * tolerance));   // local errors add up over the steps
    }

    [Test]
    public void A_tighter_tolerance_takes_more_steps_and_gives_a_smaller_error()
    {
        var loose = Solve(1e-3);
        var tight = Solve(1e-6);

        Assert.Multiple(() =>
        {
            Assert.That(tight.Steps, Is.GreaterThan(3 * loose.Steps));
            Assert.That(tight.Error, Is.LessThan(loose.Error / 10));
        });

        static (long Steps, double Error) Solve(double tolerance)
        {
            using var f = Dynamics.FromFunction((_, z) => -z);
            var options = new SolverOptions { RelativeTolerance = tolerance, AbsoluteTolerance = tolerance };
            using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(1.0), 0, 1);
            return (solution.Statistics.StepsAccepted, Math.Abs(solution.State.ToDouble() - Math.Exp(-1)));
        }
    }

    [Test]
    [Combinatorial]
    public void Every_trial_costs_one_evaluation_and_the_reverse_sweep_one_an_accepted_step(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string name, [Values(1e-2, 1e-4)] double tolerance)
    {
        using var problem = Problem.Create(name);
        var calls = 0;
        using var counted = Dynamics.FromFunction(
            (Tensor t, IReadOnlyList<Tensor> z) =>
            {
                calls++;
                return problem.Dynamics.Evaluate(t.ToDouble(), z);
            },
            problem.Parameters);
        var options = new SolverOptions { RelativeTolerance = tolerance, AbsoluteTolerance = tolerance };
        using var solution = new OdeSolver(options).Solve(counted, problem.State, 0, 1);
        var forward = calls;
        solution.States.Select(state => state.Sum()).Aggregate((a, b) => a + b).Backward();
        var statistics = solution.Statistics;

        Assert.Multiple(() =>
        {
            Assert.That(statistics.NfeForward, Is.EqualTo(forward));
            Assert.That(statistics.NfeForward - statistics.StepsAccepted - statistics.StepsRejected, Is.InRange(1, 2));   // v0, and the first step's length
            Assert.That(statistics.NfeBackward, Is.InRange(statistics.StepsAccepted, statistics.StepsAccepted + 1));
            Assert.That(calls - forward, Is.EqualTo(statistics.NfeBackward));
        });
    }

    [Test]
    [Combinatorial]
    public void Landing_times_are_hit_exactly([Values(false, true)] bool backwardInTime, [Values(null, 0.3)] double? stepSize)
    {
        double[] times = [0.1, 1.0 / 3, 0.7];
        var (start, end) = (0.0, 0.9);
        if (backwardInTime)
        {
            (start, end) = (-start, -end);
            times = [.. times.Select(time => -time)];
        }

        using var f = Dynamics.FromFunction((t, z) => z * t.Cos());
        using var solution = new OdeSolver(new() { StepSize = stepSize }).Solve(f, Tensor.Scalar(1.0), start, end, times);
        var grid = solution.Times.ToArray<double>();

        Assert.Multiple(() =>
        {
            Assert.That(grid[0], Is.EqualTo(start));
            Assert.That(times, Is.SubsetOf(grid));
            Assert.That(grid, backwardInTime ? Is.Ordered.Descending : Is.Ordered.Ascending);
            Assert.That(grid, Is.Unique);
            Assert.That(grid, Has.Length.EqualTo(solution.Statistics.StepsAccepted + 1));
        });
    }

    [Test]
    public void The_first_step_can_be_given([Values(0.001, 0.01)] double first)
    {
        using var f = Dynamics.FromFunction((_, z) => -z);
        using var solution = new OdeSolver(new() { InitialStepSize = first }).Solve(f, Tensor.Scalar(1.0), 0, 1);

        Assert.That(solution.Times.ToArray<double>()[1], Is.EqualTo(first).Within(1e-15));
    }

    [Test]
    public void A_blow_up_is_a_failure_and_never_a_bare_not_a_number()
    {
        using var f = Dynamics.FromFunction((_, z) => z.Square());   // z = 1 / (1 - t)

        var error = Assert.Throws<NeuralOdeException>(() => new OdeSolver(new()).Solve(f, Tensor.Scalar(1.0), 0, 2));

        Assert.That(error.Status, Is.AnyOf(Status.StepSizeUnderflow, Status.NonFinite, Status.StepLimit));
    }

    [Test]
    public void A_narrow_pulse_is_met_with_small_steps()
    {
        using var f = Dynamics.FromFunction((t, z) => (z * 0) + ((t - 0.5) * 20).Square().Clamp(0, 700).Mul_(-1).Exp());
        var options = new SolverOptions { RelativeTolerance = 1e-5, AbsoluteTolerance = 1e-5, InitialStepSize = 0.05 };
        using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(0.0), 0, 1);
        var grid = solution.Times.ToArray<double>();
        var lengths = grid.Skip(1).Zip(grid, (end, start) => end - start).ToArray();

        Assert.Multiple(() =>
        {
            Assert.That(solution.State.ToDouble(), Is.EqualTo(Math.Sqrt(Math.PI) / 20).Within(1e-3));   // local tolerance over some hundred steps
            Assert.That(solution.Statistics.StepsRejected, Is.GreaterThan(0));
            Assert.That(lengths.Max(), Is.GreaterThan(5 * lengths.Min()));
        });
    }
}
