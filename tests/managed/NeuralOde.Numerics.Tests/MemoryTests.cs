namespace NeuralOde.Numerics.Tests;

/// <summary>Memory against the number of steps, counted by the allocator.</summary>
[TestFixture]
public sealed class MemoryTests : ScopedTests
{
    [OneTimeSetUp]
    public void Track() => TensorMemory.EnableTracking();

    [Test]
    public void The_peak_of_mali_does_not_grow_with_the_number_of_steps([Values(1, 0.9)] double eta)
    {
        var few = PeakBytes(GradientMethod.Mali, 4, eta);
        var many = PeakBytes(GradientMethod.Mali, eta == 1 ? 256 : 32, eta);

        Assert.That(many, Is.LessThanOrEqualTo(1.01 * few));   // the grid of times grows by 16 bytes a step
    }

    [Test]
    public void The_peak_of_backprop_grows_with_the_number_of_steps() =>
        Assert.That(PeakBytes(GradientMethod.Backprop, 64, 1), Is.GreaterThan(8 * PeakBytes(GradientMethod.Backprop, 4, 1)));

    [Test]
    public void Without_gradients_the_peak_is_no_higher_than_malis() =>
        Assert.That(PeakBytes(GradientMethod.None, 16, 1), Is.LessThanOrEqualTo(PeakBytes(GradientMethod.Mali, 16, 1)));

    private static long PeakBytes(GradientMethod gradient, int steps, double eta)
    {
        using var scope = new TensorScope();
        var weight = (Tensor.Randn([64, 64]) * 0.05).WithGrad();
        var z0 = Tensor.Randn([256, 64]).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh(), [weight]);
        var solver = new OdeSolver(new()
        {
            StepSize = 1.0 / steps, Gradient = gradient, Eta = eta, SnapshotInterval = SnapshotInterval.None, Failure = FailureMode.Value,
        });
        var before = TensorMemory.LiveBytes;
        TensorMemory.ResetPeak();
        using var solution = solver.Solve(f, z0, 0, 1);
        if (gradient != GradientMethod.None) solution.State.Sum().Backward();
        return TensorMemory.PeakBytes - before;
    }
}
