namespace NeuralOde.Numerics.Tests;

/// <summary>ALF against analytic solutions: order 2 undamped, order 1 damped.</summary>
[TestFixture]
public sealed class OrderTests : ScopedTests
{
    /// <summary>Name, dynamics, z(t) for z(0) = 1.</summary>
    private static readonly Dictionary<string, (Func<Tensor, Tensor, Tensor> F, Func<double, double> Exact)> Problems = new()
    {
        ["decay"] = ((_, z) => -z, t => Math.Exp(-t)),
        ["growth in time"] = ((t, z) => z * t, t => Math.Exp(t * t / 2)),
        ["logistic"] = ((_, z) => z * (2 - z), t => 2 / (1 + Math.Exp(-2 * t))),
        ["forced"] = ((t, z) => t.Cos() - z, t => ((Math.Sin(t) + Math.Cos(t)) / 2) + (0.5 * Math.Exp(-t))),
        ["square"] = ((_, z) => -z.Square(), t => 1 / (1 + t)),
    };

    public static IEnumerable<string> Names => Problems.Keys;

    [Test]
    [Combinatorial]
    public void Halving_the_step_of_undamped_alf_quarters_the_error(
        [ValueSource(nameof(Names))] string name, [Values(1, 1.3)] double end, [Values(DType.Float64)] DType dtype)
    {
        // order 2: error(h) / error(h / 2) -> 4, with a deviation of order h
        var ratio = Error(name, 1, end / 64, end, dtype) / Error(name, 1, end / 128, end, dtype);

        Assert.That(ratio, Is.InRange(3.6, 4.4));
    }

    [Test]
    [Combinatorial]
    public void Halving_the_step_of_damped_alf_halves_the_error(
        [ValueSource(nameof(Names))] string name, [Values(0.9, 0.75, 0.6)] double eta)
    {
        // order 1: error(h) / error(h / 2) -> 2, with a deviation of order h
        var ratio = Error(name, eta, 1.0 / 128, 1, DType.Float64) / Error(name, eta, 1.0 / 256, 1, DType.Float64);

        Assert.That(ratio, Is.InRange(1.8, 2.2));
    }

    [Test]
    public void Steps_that_do_not_divide_the_interval_keep_the_order([ValueSource(nameof(Names))] string name)
    {
        var ratio = Error(name, 1, 0.0151, 1, DType.Float64) / Error(name, 1, 0.0151 / 2, 1, DType.Float64);

        Assert.That(ratio, Is.InRange(3.3, 4.7));   // the shortened last steps are not in the ratio of 2
    }

    [Test]
    public void Backward_in_time_has_order_two([ValueSource(nameof(Names))] string name)
    {
        var (f, exact) = Problems[name];
        var ratio = BackwardError(1.0 / 64) / BackwardError(1.0 / 128);

        Assert.That(ratio, Is.InRange(3.6, 4.4));

        double BackwardError(double step)
        {
            using var dynamics = Dynamics.FromFunction(f);
            using var solution = new OdeSolver(new() { StepSize = step }).Solve(dynamics, Tensor.Scalar(exact(1)), 1, 0);
            return Math.Abs(solution.State.ToDouble() - 1);
        }
    }

    [Test]
    [Combinatorial]
    public void States_at_times_asked_for_have_the_accuracy_of_the_steps(
        [ValueSource(nameof(Names))] string name, [Values(null, 0.01)] double? stepSize)
    {
        var (f, exact) = Problems[name];
        double[] times = [0, 0.1, 0.25, 0.333, 0.9, 1];
        using var dynamics = Dynamics.FromFunction(f);
        var options = new SolverOptions { StepSize = stepSize, RelativeTolerance = 1e-6, AbsoluteTolerance = 1e-6 };
        using var solution = new OdeSolver(options).Solve(dynamics, Tensor.Scalar(1.0), 0, 1, times);
        var states = solution.State.ToArray<double>();

        Assert.That(states.Zip(times, (state, time) => Math.Abs(state - exact(time))).Max(), Is.LessThan(2e-4));   // h^2 = 1e-4
    }

    [Test]
    public void Cos_and_sin_come_out_of_an_oscillator([Values(1, 0.9)] double eta)
    {
        using var f = Dynamics.FromFunction((_, z) => [z[1], -z[0]]);
        using var solution = new OdeSolver(new() { StepSize = 0.001, Eta = eta }).Solve(f, [Tensor.Scalar(0.0), Tensor.Scalar(1.0)], 0, Math.PI);

        Assert.Multiple(() =>
        {
            Assert.That(solution.States[0].ToDouble(), Is.EqualTo(0).Within(3e-3));   // order 1 at h = 0.001 when damped
            Assert.That(solution.States[1].ToDouble(), Is.EqualTo(-1).Within(3e-3));
        });
    }

    private static double Error(string name, double eta, double step, double end, DType dtype)
    {
        var (f, exact) = Problems[name];
        using var dynamics = Dynamics.FromFunction(f);
        using var solution = new OdeSolver(new() { StepSize = step, Eta = eta }).Solve(dynamics, Tensor.Ones([], dtype), 0, end);
        return Math.Abs(solution.State.ToDouble() - exact(end));
    }
}
