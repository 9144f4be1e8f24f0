namespace NeuralOde.Numerics.Tests;

/// <summary>Gradients by undone steps of other solvers than alf: those of backpropagation through the same steps, to the rounding of reconstruction.</summary>
[TestFixture]
public sealed class ReversibleGradientTests : ScopedTests
{
    // The inverse of a coupled step multiplies rounding of 1e-16 by 1 / coupling, and f's expansion backward by less than e^5 over the unit interval.
    private const double Tolerance = 1e-9;

    public static readonly SolverKind[] Reversible = [.. Solvers.Explicit, SolverKind.ReversibleHeun];

    public static readonly SolverKind[] ReversibleAdaptive = [.. Reversible.Where(solver => solver.IsAdaptive())];

    [Test]
    [Combinatorial]
    public void Fixed_steps(
        [ValueSource(nameof(Reversible))] SolverKind solver,
        [Values("mlp", "pair")] string problem,
        [Values(0.125, 0.15)] double stepSize,   // divides the interval, does not
        [Values(null, 0.9)] double? coupling,
        [Values(false, true)] bool backwardInTime)
    {
        if (coupling is not null && solver == SolverKind.ReversibleHeun) Assert.Pass("reversible-heun is reversible without coupling");
        var (start, end) = backwardInTime ? (1.1, 0.1) : (0.1, 1.1);
        AssertIsBackprop(problem, new() { Solver = solver, StepSize = stepSize, Coupling = coupling }, start, end);
    }

    [Test]
    [Combinatorial]
    public void Fixed_steps_with_times_asked_for(
        [ValueSource(nameof(Reversible))] SolverKind solver,
        [Values("inside", "to the end", "from the start")] string times,
        [Values("auto", "none", "2")] string snapshots)
    {
        double[] asked = times switch { "inside" => [0.2, 0.55, 0.7], "to the end" => [0.3, 1], _ => [0, 0.4] };
        AssertIsBackprop("pair", new() { Solver = solver, StepSize = 0.15, SnapshotInterval = SnapshotInterval.Parse(snapshots) }, 0, 1, asked);
    }

    [Test]
    [Combinatorial]
    public void Adaptive_steps(
        [ValueSource(nameof(ReversibleAdaptive))] SolverKind solver, [Values("mlp", "pair")] string problem, [Values(false, true)] bool timesAskedFor)
    {
        var tolerance = Math.Pow(10, -Solvers.Of(solver).Order - 1);   // some steps of every solver, and no more
        AssertIsBackprop(
            problem, new() { Solver = solver, RelativeTolerance = tolerance, AbsoluteTolerance = tolerance }, 0, 1, timesAskedFor ? [0.25, 0.5, 0.8, 1] : null);
    }

    [Test]
    [Combinatorial]
    public void One_step_and_no_step([ValueSource(nameof(Reversible))] SolverKind solver, [Values(0.05, 0.0)] double length) =>
        AssertIsBackprop("pair", new() { Solver = solver, StepSize = 0.1 }, 0.3, 0.3 + length);

    [Test]
    public void Coupled_steps_keep_the_order([ValueSource(typeof(Solvers), nameof(Solvers.Explicit))] SolverKind solver)
    {
        var steps = solver == SolverKind.Dopri8 ? 4 : 32;   // the error of order 8 is rounding soon
        var observed = Math.Log2(Error(steps) / Error(2 * steps));

        // error = C h^p (1 + q h), as for uncoupled steps (McCallum and Foster 2024, theorem 2.1), or better: the two halves of a step cancel odd errors.
        Assert.That(observed, Is.GreaterThan(Solvers.Of(solver).Order - 0.4));

        double Error(int count)
        {
            using var f = Dynamics.FromFunction((t, z) => z * t.Cos());
            using var solution = new OdeSolver(new() { Solver = solver, StepSize = 1.0 / count, Coupling = 0.999 }).Solve(f, Tensor.Scalar(1.0), 0, 1);
            return Math.Abs(solution.State.ToDouble() - Math.Exp(Math.Sin(1)));
        }
    }

    [Test]
    public void The_reverse_sweep_tells_how_far_its_states_drifted([ValueSource(nameof(Reversible))] SolverKind solver)
    {
        using var problem = Problem.Create("mlp");
        using var solution = new OdeSolver(new() { Solver = solver, StepSize = 0.1, Gradient = GradientMethod.Reversible }).Solve(problem.Dynamics, problem.State[0], 0, 1);
        solution.State.Sum().Backward();

        Assert.That(solution.Statistics.ReconstructionError, Is.LessThan(1e-12));
    }

    /// <summary>Backprop needs the coupling that reversible brings to be told.</summary>
    private static void AssertIsBackprop(string problem, SolverOptions options, double start, double end, double[]? times = null)
    {
        var coupled = options with { Coupling = options.Solver.IsExplicitRungeKutta() ? options.Coupling ?? 0.999 : null, SnapshotInterval = default };
        var expected = Gradients.Of(problem, coupled with { Gradient = GradientMethod.Backprop }, start, end, times);
        var actual = Gradients.Of(problem, options with { Gradient = GradientMethod.Reversible }, start, end, times);

        Gradients.AssertEqual(expected, actual, Tolerance);
    }
}
