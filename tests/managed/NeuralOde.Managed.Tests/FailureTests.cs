namespace NeuralOde.Managed.Tests;

/// <summary>Solves that cannot go on throw with the native library's status.</summary>
[TestFixture]
public sealed class FailureTests
{
    private static readonly SolverKind[] Solvers = [SolverKind.Alf, SolverKind.Dopri5];

    [Test]
    public void A_state_that_is_not_finite([ValueSource(nameof(Solvers))] SolverKind solver, [Values(null, 0.1)] double? stepSize) =>
        AssertFails(Status.NonFinite, new() { Solver = solver, StepSize = stepSize }, scale: 1, z0: double.NaN);

    [Test]
    public void Dynamics_that_are_not_finite([ValueSource(nameof(Solvers))] SolverKind solver, [Values(null, 0.1)] double? stepSize) =>
        AssertFails(Status.NonFinite, new() { Solver = solver, StepSize = stepSize }, scale: double.PositiveInfinity);

    [Test]
    public void More_steps_than_allowed([ValueSource(nameof(Solvers))] SolverKind solver, [Values(null, 0.1)] double? stepSize) =>
        AssertFails(
            Status.StepLimit, new() { Solver = solver, StepSize = stepSize, MaxSteps = 3, RelativeTolerance = 1e-9, AbsoluteTolerance = 1e-9 }, scale: 20);

    [Test]
    public void Steps_below_what_t_can_resolve([ValueSource(nameof(Solvers))] SolverKind solver) =>
        AssertFails(Status.StepSizeUnderflow, new() { Solver = solver, RelativeTolerance = 1e-300, AbsoluteTolerance = 1e-300 }, scale: 20);

    [Test]
    public void A_backward_without_gradients_is_refused()
    {
        var solution = new ManagedOdeSolver(new() { Gradient = GradientMethod.None }).Solve<double>(Mlp(1), [0.5], 0, 1);

        Assert.That(() => solution.Backward([1.0]), Throws.InvalidOperationException);
    }

    [Test]
    public void A_cotangent_of_another_length_is_refused()
    {
        var solution = new ManagedOdeSolver(new()).Solve<double>(Mlp(1), [0.5], 0, 1);

        Assert.That(() => solution.Backward([1.0, 2]), Throws.ArgumentException.With.Message.Contains("cotangent: 2 numbers"));
    }

    [Test]
    public void Times_out_of_order_are_refused() =>
        Assert.That(
            () => new ManagedOdeSolver(new()).Solve<double>(Mlp(1), [0.5], 0, 1, [0.6, 0.4]), Throws.ArgumentException.With.Message.Contains("tEval[1]: 0.4"));

    [Test]
    public void A_time_that_is_not_finite_is_refused() =>
        Assert.That(
            () => new ManagedOdeSolver(new()).Solve<double>(Mlp(1), [0.5], 0, double.NaN),
            Throws.InstanceOf<ArgumentException>().With.Message.Contains("t1: NaN"));

    private static void AssertFails(Status status, SolverOptions options, double scale, double z0 = 0.5)
    {
        var error = Assert.Throws<NeuralOdeException>(() => new ManagedOdeSolver(options).Solve<double>(Mlp(scale), [z0], 0, 1));

        Assert.That(error.Status, Is.EqualTo(status), error.Message);
    }

    private static MlpDynamics<double> Mlp(double scale) => new(1, [1.5], [0.1], [scale], [0.2]);
}
