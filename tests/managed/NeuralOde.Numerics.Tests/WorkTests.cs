namespace NeuralOde.Numerics.Tests;

/// <summary>Evaluations of f that solvers make: none twice, and all of them counted.</summary>
[TestFixture]
public sealed class WorkTests : ScopedTests
{
    private const int Steps = 10;

    [Test]
    [Combinatorial]
    public void Fixed_steps_cost_their_stages(
        [ValueSource(typeof(Solvers), nameof(Solvers.WithoutEquations))] SolverKind solver, [Values(false, true)] bool timesAskedFor)
    {
        double[]? times = timesAskedFor ? [0.3, 0.7] : null;   // on the grid of ten steps
        var (statistics, evaluated) = Solve(new() { Solver = solver, StepSize = 1.0 / Steps, Gradient = GradientMethod.None }, 1, times);

        var (_, stages, once, _) = Solvers.Of(solver);   // rk4: 4 N; dopri5: 6 N + 1
        Assert.Multiple(() =>
        {
            Assert.That(statistics.NfeForward, Is.EqualTo((stages * Steps) + once));
            Assert.That(statistics.NfeForward, Is.EqualTo(evaluated.Count));
        });
    }

    [Test]
    [Combinatorial]
    public void Rejected_steps_do_not_evaluate_f_at_their_start_again(
        [ValueSource(typeof(Solvers), nameof(Solvers.ExplicitAdaptive))] SolverKind solver, [Values] StepSizeController controller)
    {
        var options = new SolverOptions
        {
            Solver = solver, Controller = controller, InitialStepSize = 2, RelativeTolerance = 1e-6, AbsoluteTolerance = 1e-6, Gradient = GradientMethod.None,
        };
        var (statistics, evaluated) = Solve(options, 6);
        var (_, stages, once, _) = Solvers.Of(solver);
        var (accepted, rejected) = (statistics.StepsAccepted, statistics.StepsRejected);

        // FSAL: the first stage is there already, for accepted and rejected steps alike; else for rejected ones alone.
        var expected = once == 1 ? (stages * (accepted + rejected)) + 1 : (stages * accepted) + ((stages - 1) * rejected);
        Assert.Multiple(() =>
        {
            Assert.That(rejected, Is.GreaterThan(0));
            Assert.That(statistics.NfeForward, Is.EqualTo(expected));
            Assert.That(statistics.NfeForward, Is.EqualTo(evaluated.Count));
            Assert.That(evaluated.Count(time => time == 0), Is.EqualTo(1));   // the first step was rejected
        });
    }

    [Test]
    public void The_first_step_is_chosen_for_one_evaluation_more([ValueSource(typeof(Solvers), nameof(Solvers.ExplicitAdaptive))] SolverKind solver)
    {
        var (statistics, evaluated) = Solve(new() { Solver = solver, Gradient = GradientMethod.None }, 1);
        var (_, stages, once, _) = Solvers.Of(solver);
        var (accepted, rejected) = (statistics.StepsAccepted, statistics.StepsRejected);
        var steps = once == 1 ? (stages * (accepted + rejected)) + 1 : (stages * accepted) + ((stages - 1) * rejected);

        Assert.Multiple(() =>
        {
            Assert.That(statistics.NfeForward, Is.EqualTo(steps + 1));
            Assert.That(statistics.NfeForward, Is.EqualTo(evaluated.Count));
        });
    }

    /// <summary>Solves z' = cos(3 t) z from 0; the times at which f was evaluated.</summary>
    private static (SolverStatistics Statistics, List<double> Evaluated) Solve(SolverOptions options, double end, double[]? times = null)
    {
        var evaluated = new List<double>();
        using var f = Dynamics.FromFunction((t, z) =>
        {
            evaluated.Add(t.ToDouble());
            return z * (3 * t).Cos();
        });
        using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(1.0), 0, end, times);
        return (solution.Statistics, evaluated);
    }
}
