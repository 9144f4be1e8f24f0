namespace NeuralOde.Numerics.Tests;

/// <summary>dL/dt0, dL/dt1 and dL/dt_eval are derivatives of the discrete solution: differences of it agree.</summary>
[TestFixture]
public sealed class TimeDerivativeTests : ScopedTests
{
    private const double Shift = 1e-5;

    // second-order differences: Shift^2 = 1e-10 times third derivatives of order 10, and rounding 1e-15 / Shift = 1e-10
    private const double Tolerance = 1e-7;

    [Test]
    [Combinatorial]
    public void Steps_that_do_not_divide_the_interval(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem,
        [Values(1, 0.9, 0.3)] double eta,
        [Values(false, true)] bool backwardInTime,
        [Values(GradientMethod.Mali, GradientMethod.Backprop)] GradientMethod gradient)
    {
        var options = new SolverOptions { StepSize = 0.15, Eta = eta, Gradient = gradient };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        var gradients = Gradients.Of(problem, options, start, end);

        Assert.Multiple(() =>
        {
            AssertClose(gradients["t0"][0], Central(shift => Gradients.Loss(problem, options, start + shift, end)), "t0");
            AssertClose(gradients["t1"][0], Central(shift => Gradients.Loss(problem, options, start, end + shift)), "t1");
        });
    }

    [Test]
    [Combinatorial]
    public void Steps_that_divide_the_interval_shrink(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem,
        [Values(1, 0.9)] double eta,
        [Values(false, true)] bool backwardInTime)
    {
        var options = new SolverOptions { StepSize = 0.125, Eta = eta };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        var inward = Math.Sign(end - start);
        var gradients = Gradients.Of(problem, options, start, end);

        // A longer interval would need one more step, so the derivative is the one from inside.
        Assert.Multiple(() =>
        {
            AssertClose(gradients["t0"][0], inward * OneSided(shift => Gradients.Loss(problem, options, start + (inward * shift), end)), "t0");
            AssertClose(gradients["t1"][0], -inward * OneSided(shift => Gradients.Loss(problem, options, start, end - (inward * shift))), "t1");
        });
    }

    [Test]
    [Combinatorial]
    public void Times_asked_for(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem, [Values(1, 0.9)] double eta, [Values(0, 1, 2)] int index)
    {
        var options = new SolverOptions { StepSize = 0.15, Eta = eta };
        double[] times = [0.2, 0.55, 0.8];
        var gradients = Gradients.Of(problem, options, 0, 1, times);

        AssertClose(gradients["t_eval"][index], Central(Loss), $"t_eval[{index}]");

        double Loss(double shift) => Gradients.Loss(problem, options, 0, 1, [.. times.Select((time, i) => i == index ? time + shift : time)]);
    }

    [Test]
    public void The_end_of_an_exact_flow([Values(false, true)] bool backwardInTime)
    {
        var (start, end) = backwardInTime ? (2.0, 1.0) : (1.0, 2.0);
        using var f = Dynamics.FromFunction((t, z) => z * 0 + (2 * t));   // z(t1) = z0 + t1^2 - t0^2, which midpoints integrate exactly
        var (t0, t1) = (Tensor.Scalar(start).WithGrad(), Tensor.Scalar(end).WithGrad());
        using var solution = new OdeSolver(new() { StepSize = 0.3 }).Solve(f, Tensor.Scalar(0.5), t0, t1);
        solution.State.Backward();

        Assert.That(solution.State.ToDouble(), Is.EqualTo(0.5 + (end * end) - (start * start)).Within(1e-14));
    }

    [Test]
    public void The_defect_of_a_peer_is_absent([Values(5, 10, 20, 40)] int steps)
    {
        // TorchDiffEqPack's dL/dt0 grows with the number of steps. Here it converges to -f(t0) dz1/dz0 = e^(t1 - t0) for z' = -z, times -1.
        using var f = Dynamics.FromFunction((_, z) => -z);
        var (t0, t1) = (Tensor.Scalar(0.0).WithGrad(), Tensor.Scalar(1.0).WithGrad());
        using var solution = new OdeSolver(new() { StepSize = 1.0 / steps }).Solve(f, Tensor.Scalar(1.0), t0, t1);
        solution.State.Backward();

        // order 1 in h: only the last step feels the shift
        Assert.Multiple(() =>
        {
            Assert.That(t0.Grad!.ToDouble(), Is.EqualTo(Math.Exp(-1)).Within(1.0 / steps));
            Assert.That(t1.Grad!.ToDouble(), Is.EqualTo(-Math.Exp(-1)).Within(1.0 / steps));
        });
    }

    private static double Central(Func<double, double> loss) => (loss(Shift) - loss(-Shift)) / (2 * Shift);

    private static double OneSided(Func<double, double> loss) => ((4 * loss(Shift)) - loss(2 * Shift) - (3 * loss(0))) / (2 * Shift);

    private static void AssertClose(double actual, double expected, string name) =>
        Assert.That(actual, Is.EqualTo(expected).Within(Tolerance * Math.Max(1, Math.Abs(expected))), name);
}
