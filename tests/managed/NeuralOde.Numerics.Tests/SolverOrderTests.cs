namespace NeuralOde.Numerics.Tests;

/// <summary>Every solver against z' = cos(t) z, z = exp(sin t): its order, and its tolerances.</summary>
[TestFixture]
public sealed class SolverOrderTests : ScopedTests
{
    [Test]
    [Combinatorial]
    public void Halving_the_step_divides_the_error_by_two_to_the_order(
        [ValueSource(typeof(Solvers), nameof(Solvers.All))] SolverKind solver, [Values(false, true)] bool backwardInTime)
    {
        // From h = 1/32, below which the error of order 8 would be rounding: 1/4 there.
        var steps = solver == SolverKind.Dopri8 ? 4 : 32;
        var observed = Math.Log2(Error(solver, steps, backwardInTime) / Error(solver, 2 * steps, backwardInTime));

        // error = C h^p (1 + q h) is observed as p + 0.7 q h: here for q below 9 (below 1 for order 8)
        Assert.That(observed, Is.EqualTo(Solvers.Of(solver).Order).Within(0.2));
    }

    [Test]
    [Combinatorial]
    public void Adaptive_steps_reach_the_tolerance(
        [ValueSource(typeof(Solvers), nameof(Solvers.Adaptive))] SolverKind solver,
        [Values] StepSizeController controller,
        [Values(1e-3, 1e-5, 1e-7)] double tolerance,
        [Values(false, true)] bool backwardInTime)
    {
        var options = new SolverOptions { Solver = solver, Controller = controller, RelativeTolerance = tolerance, AbsoluteTolerance = tolerance };

        // Local errors add up over the steps, times z(1) / z(0) < e. Those of trbdf2 are as large as its estimate says, as many times as steps ask for it.
        var (error, steps) = Run(options, backwardInTime);
        Assert.That(error, Is.LessThan((solver == SolverKind.Trbdf2 ? Math.E * steps : 30) * tolerance));
    }

    [Test]
    public void A_higher_order_takes_fewer_adaptive_steps()
    {
        SolverKind[] rising = [SolverKind.HeunEuler, SolverKind.Bosh3, SolverKind.Dopri5, SolverKind.Dopri8];
        var steps = rising.Select(solver =>
        {
            using var f = Dynamics.FromFunction((t, z) => z * t.Cos());
            var options = new SolverOptions { Solver = solver, RelativeTolerance = 1e-8, AbsoluteTolerance = 1e-8 };
            using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(1.0), 0, 3);
            return solution.Statistics.StepsAccepted;
        });

        Assert.That(steps, Is.Ordered.Descending);
    }

    private static double Error(SolverKind solver, int steps, bool backwardInTime) => Run(new() { Solver = solver, StepSize = 1.0 / steps }, backwardInTime).Error;

    private static (double Error, long Steps) Run(SolverOptions options, bool backwardInTime)
    {
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        using var f = Dynamics.FromFunction((t, z) => z * t.Cos());
        using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(Math.Exp(Math.Sin(start))), start, end);
        return (Math.Abs(solution.State.ToDouble() - Math.Exp(Math.Sin(end))), solution.Statistics.StepsAccepted);
    }
}
