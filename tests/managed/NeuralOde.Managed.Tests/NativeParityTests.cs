namespace NeuralOde.Managed.Tests;

/// <summary>States, gradients, grids and work of the managed build are the native library's.</summary>
[TestFixture]
public sealed class NativeParityTests
{
    // Both make the same operations in another order: rounding of 1e-16 a step, which damped inverses multiply by 1.25 a step, 1.25^20 = 90.
    private const double Double = 1e-10;
    // The same with rounding of 6e-8, over at most 10 steps.
    private const double Single = 1e-4;

    public static readonly SolverOptions[] Solvers =
    [
        new(), new() { Eta = 0.9 }, new() { Solver = SolverKind.Dopri5 }, new() { Solver = SolverKind.Dopri5, Gradient = GradientMethod.Aca },
    ];

    [Test]
    [Combinatorial]
    public void Fixed_steps(
        [ValueSource(nameof(Solvers))] SolverOptions solver,
        [Values(0.125, 0.15)] double stepSize,   // divides the interval, does not
        [Values(false, true)] bool backwardInTime,
        [Values(false, true)] bool withTime)
    {
        var (start, end) = backwardInTime ? (1.1, 0.1) : (0.1, 1.1);
        AssertIsNative<double>(solver with { StepSize = stepSize }, withTime, start, end, null, Double);
    }

    [Test]
    [Combinatorial]
    public void Adaptive_steps(
        [ValueSource(nameof(Solvers))] SolverOptions solver,
        [Values] StepSizeController controller,
        [Values(false, true)] bool tight,
        [Values(false, true)] bool backwardInTime,
        [Values(null, 0.7)] double? first)   // the second is rejected
    {
        var (start, end) = backwardInTime ? (2.1, 0.1) : (0.1, 2.1);
        // Some dozen steps: long damped runs have snapshots and repairs, which rounding decides on (ReversalTests).
        var tolerance = solver.Solver == SolverKind.Alf ? (tight ? 1e-3 : 1e-2) : (tight ? 1e-7 : 1e-3);
        var options = solver with { Controller = controller, RelativeTolerance = tolerance, AbsoluteTolerance = tolerance, InitialStepSize = first };
        AssertIsNative<double>(options, true, start, end, null, Double);
    }

    [Test]
    [Combinatorial]
    public void Times_asked_for(
        [ValueSource(nameof(Solvers))] SolverOptions solver,
        [Values(null, 0.15)] double? stepSize,
        [Values(false, true)] bool backwardInTime,
        [Values("inside", "to the end", "from the start")] string times)
    {
        double[] asked = times switch { "inside" => [0.2, 0.55, 0.7], "to the end" => [0.3, 1], _ => [0, 0.4] };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        if (backwardInTime) asked = [.. asked.Select(time => 1 - time)];
        AssertIsNative<double>(solver with { StepSize = stepSize, AbsoluteTolerance = 1e-3 }, true, start, end, asked, Double);
    }

    [Test]
    [Combinatorial]
    public void One_step_and_no_step(
        [ValueSource(nameof(Solvers))] SolverOptions solver, [Values(0.05, 0.0)] double length, [Values(null, 0.1)] double? stepSize) =>
        AssertIsNative<double>(solver with { StepSize = stepSize }, true, 0.3, 0.3 + length, null, Double);

    [Test]
    [Combinatorial]
    public void Snapshots_of_mali([Values("none", "auto", "1", "3", "100")] string interval, [Values(1, 0.9, 0.3)] double eta) => AssertIsNative<double>(
        new() { StepSize = 0.1, Eta = eta, SnapshotInterval = SnapshotInterval.Parse(interval) }, true, 0, 1, null, Double);

    [Test]
    [Combinatorial]
    public void Float32([ValueSource(nameof(Solvers))] SolverOptions solver, [Values(null, 0.125)] double? stepSize, [Values(false, true)] bool backwardInTime)
    {
        var (start, end) = backwardInTime ? (1.1, 0.1) : (0.1, 1.1);
        AssertIsNative<float>(solver with { StepSize = stepSize, RelativeTolerance = 1e-2, AbsoluteTolerance = 1e-2 }, true, start, end, null, Single);
    }

    [Test]
    public void A_second_backward_gives_the_same([ValueSource(nameof(Solvers))] SolverOptions solver)
    {
        var mlp = new Mlp<double>(withTime: true);
        var solution = new ManagedOdeSolver(solver).Solve<double>(mlp.Dynamics, mlp.State, 0, 1);

        var (first, second) = (solution.Backward(mlp.State), solution.Backward(mlp.State));

        Assert.That(second.State.ToArray(), Is.EqualTo(first.State.ToArray()));
        Assert.That(second.Parameters, Is.EqualTo(first.Parameters));
        Assert.That((second.T0, second.T1), Is.EqualTo((first.T0, first.T1)));
    }

    private static void AssertIsNative<T>(SolverOptions options, bool withTime, double start, double end, double[]? times, double tolerance)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        var mlp = new Mlp<T>(withTime);

        mlp.Managed(options, start, end, times).AssertIs(mlp.Native(options, start, end, times), tolerance);
    }
}
