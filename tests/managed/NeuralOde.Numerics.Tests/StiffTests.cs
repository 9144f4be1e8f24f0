namespace NeuralOde.Numerics.Tests;

/// <summary>Implicit solvers on stiff problems with published solutions.</summary>
[TestFixture]
public sealed class StiffTests : ScopedTests
{
    public static readonly SolverKind[] AdaptiveSolvers = [.. Solvers.Implicit.Where(solver => solver.IsAdaptive())];

    [Test]
    [Combinatorial]
    public void Adaptive_steps_reach_the_published_solution(
        [ValueSource(typeof(StiffProblem), nameof(StiffProblem.All))] StiffProblem problem, [ValueSource(nameof(AdaptiveSolvers))] SolverKind solver)
    {
        const double tolerance = 1e-6;
        var options = new SolverOptions { Solver = solver, RelativeTolerance = tolerance, AbsoluteTolerance = 1e-3 * tolerance * Smallest(problem) };
        using var f = Dynamics.FromFunction(problem.F);
        double[] times = [.. problem.Solution.Select(point => point.Time)];
        using var solution = new OdeSolver(options).Solve(f, Tensor.FromArray<double>(problem.Start), 0, times[^1], times);
        var states = solution.State.ToArray<double>();

        // Local errors of 1e-6 add up over some hundred to some thousand steps, less what is damped: measured up to 400 (trbdf2) and 15 (kencarp3) of them.
        var bound = (solver == SolverKind.Trbdf2 ? 600 : 30) * tolerance;
        var expected = problem.Solution.SelectMany(point => point.State);
        Assert.Multiple(() =>
        {
            foreach (var (actual, exact) in states.Zip(expected)) Assert.That(actual, Is.EqualTo(exact).Within(bound * Math.Abs(exact)));
            Assert.That(solution.Statistics.NewtonIterations, Is.GreaterThan(0));
        });
    }

    private static double Smallest(StiffProblem problem) => problem.Solution.SelectMany(point => point.State).Select(Math.Abs).Min();
}
