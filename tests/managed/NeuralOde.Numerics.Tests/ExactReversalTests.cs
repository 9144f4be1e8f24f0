namespace NeuralOde.Numerics.Tests;

/// <summary>Reversal on the fixed-point lattice: states come back bit for bit, and results stay those of the method.</summary>
[TestFixture]
public sealed class ExactReversalTests : ScopedTests
{
    private static readonly SolverOptions Exact = new() { Reversal = Reversal.Exact };

    [Test]
    [Combinatorial]
    public void A_network_comes_back_to_the_bit_after_a_thousand_steps(
        [Values(DType.Float32, DType.Float64)] DType dtype, [Values("none", "auto", "100")] string interval)
    {
        var (first, second) = ((Tensor.Randn([4, 6], dtype) * 0.7).WithGrad(), (Tensor.Randn([6, 4], dtype) * 0.7).WithGrad());
        using var f = Dynamics.FromFunction((t, z) => z.MatMul(first).Tanh().MatMul(second) + t.Sin(), [first, second]);
        var options = Exact with { StepSize = 0.002, SnapshotInterval = SnapshotInterval.Parse(interval) };

        AssertExact(options, f, [Tensor.Randn([3, 4], dtype).WithGrad()], 0, 2, 1000);
    }

    [Test]
    public void A_torchscript_network_comes_back_to_the_bit_after_a_thousand_steps([Values(DType.Float32, DType.Float64)] DType dtype)
    {
        using var f = Dynamics.LoadTorchScript(Path.Combine(AppContext.BaseDirectory, "vectors", "time_mlp.pt"));
        f.To(dtype);

        AssertExact(Exact with { StepSize = 0.002 }, f, [Tensor.Randn([3, 4], dtype).WithGrad()], 0, 2, 1000);
    }

    [Test]
    public void A_contracting_f_that_float_reversal_loses_comes_back_to_the_bit([Values(DType.Float32, DType.Float64)] DType dtype)
    {
        using var f = Dynamics.FromFunction((_, z) => z * -0.8);   // float reversal expands rounding by e^16 = 9e6

        AssertExact(Exact with { StepSize = 0.01 }, f, [Tensor.Ones([4], dtype).WithGrad()], 0, 10, 1000);
    }

    [Test]
    [Combinatorial]
    public void Convolutions_with_batch_normalisation_come_back_to_the_bit(
        [Values(DType.Float32, DType.Float64)] DType dtype, [Values(null, 0.01)] double? stepSize)
    {
        var weight = (Tensor.Randn([3, 3, 3, 3], dtype) * 0.3).WithGrad();
        var (scale, shift) = (Tensor.Ones([3], dtype).WithGrad(), Tensor.Zeros([3], dtype).WithGrad());
        var (mean, variance) = (Tensor.Zeros([3], dtype), Tensor.Ones([3], dtype));
        var z0 = Tensor.Randn([2, 3, 6, 6], dtype).WithGrad();
        using var f = Dynamics.FromFunction(
            (_, z) => z.Conv2d(weight, padding: 1).BatchNorm(scale, shift, mean, variance, training: true).Relu(), [weight, scale, shift], [mean, variance]);
        using var solution = new OdeSolver(Exact with { StepSize = stepSize }).Solve(f, z0, 0, 1);
        Sum(solution).Backward();

        Assert.That(solution.Statistics.ReconstructionError, Is.Zero);
    }

    [Test]
    public void A_network_in_bfloat16_comes_back_to_the_bit()
    {
        var weight = (Tensor.Randn([8, 8]) * 0.3).WithGrad();
        var z0 = Tensor.Randn([4, 8]).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh().To(DType.Float32), [weight]);
        Solution solution;
        using (Autograd.Autocast()) solution = new OdeSolver(Exact with { StepSize = 0.01 }).Solve(f, z0, 0, 1);
        using (solution)
        {
            Sum(solution).Backward();

            Assert.That(solution.Statistics.ReconstructionError, Is.Zero);
        }
    }

    [Test]
    [Combinatorial]
    public void Tuples_times_asked_for_and_time_backward_come_back_to_the_bit(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string name, [Values(false, true)] bool backwardInTime, [Values(null, 0.013)] double? stepSize)
    {
        using var problem = Problem.Create(name);
        var options = Exact with { StepSize = stepSize, RelativeTolerance = 1e-5, AbsoluteTolerance = 1e-5 };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        double[] times = backwardInTime ? [0.75, 0.5] : [0.5, 0.75];
        using var solution = new OdeSolver(options).Solve(problem.Dynamics, problem.State, start, end, times);
        Sum(solution).Backward();

        Assert.That(solution.Statistics.ReconstructionError, Is.Zero);
    }

    [Test]
    [Combinatorial]
    public void Gradients_are_backprops(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem,
        [Values(false, true)] bool backwardInTime,
        [Values(false, true)] bool timesAskedFor)
    {
        var options = new SolverOptions { StepSize = 0.15 };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        double[]? times = !timesAskedFor ? null : backwardInTime ? [0.75, 0.5, 0.2, 0] : [0.25, 0.5, 0.8, 1];
        var backprop = Gradients.Of(problem, options with { Gradient = GradientMethod.Backprop }, start, end, times);
        var exact = Gradients.Of(problem, options with { Reversal = Reversal.Exact }, start, end, times);

        // The lattice's quantum is 2^-48 = 4e-15 of the data: some ten roundings a step over 8 steps, on values of order 10
        Gradients.AssertEqual(backprop, exact, 1e-11);
    }

    [Test]
    public void A_first_state_that_is_changed_in_place_after_the_solve_changes_no_gradient()
    {
        Assert.That(Gradient(change: true), Is.EqualTo(Gradient(change: false)));

        static double Gradient(bool change)
        {
            var z0 = Tensor.Ones([4], DType.Float64);
            var weight = Tensor.Scalar(-1.0).WithGrad();
            using var f = Dynamics.FromFunction((_, z) => (z * weight).Sin(), [weight]);
            using var solution = new OdeSolver(Exact with { StepSize = 0.1 }).Solve(f, z0, 0, 1);
            if (change) z0.Zero_();
            solution.State.Sum().Backward();
            Assert.That(solution.Statistics.ReconstructionError, Is.Zero);
            return weight.Grad!.ToDouble();
        }
    }

    [Test]
    public void Dynamics_that_are_not_the_same_twice_are_told_by_the_drift()
    {
        var call = 0;
        using var f = Dynamics.FromFunction((_, z) => -z + (1e-3 * (call++ % 7)));
        var options = Exact with { StepSize = 0.1, Failure = FailureMode.Value };
        using var solution = new OdeSolver(options).Solve(f, Tensor.Ones([4], DType.Float64).WithGrad(), 0, 1);
        solution.State.Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(solution.Status, Is.EqualTo(Status.Drift));
            Assert.That(solution.Statistics.ReconstructionError, Is.InRange(1e-5, 1));   // 1e-3 a step, times h = 0.1, over 10 steps
            Assert.That(solution.Message, Does.Contain("deterministic"));
        });
    }

    [Test]
    public void The_end_state_is_that_of_float_reversal_to_the_quantum([Values(DType.Float32, DType.Float64)] DType dtype)
    {
        var (exact, floating) = (End(Reversal.Exact), End(Reversal.Float));

        // 20 steps of rounding: 2^-24 or 2^-48 of values of order 1
        Assert.That(exact, Is.EqualTo(floating).Within(dtype == DType.Float32 ? 1e-5 : 1e-12));

        double[] End(Reversal reversal)
        {
            Library.ManualSeed(3);
            var weight = Tensor.Randn([4, 4], DType.Float64).To(dtype) * 0.5;
            using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh());
            var options = new SolverOptions { StepSize = 0.05, Reversal = reversal, Gradient = GradientMethod.None };
            using var solution = new OdeSolver(options).Solve(f, Tensor.Ones([2, 4], dtype), 0, 1);
            return solution.State.To(DType.Float64).ToArray<double>();
        }
    }

    private static void AssertExact(SolverOptions options, Dynamics f, IReadOnlyList<Tensor> z0, double start, double end, int steps)
    {
        using var solution = new OdeSolver(options).Solve(f, z0, start, end);
        Sum(solution).Backward();

        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.StepsAccepted, Is.EqualTo(steps));
            Assert.That(solution.Statistics.ReconstructionError, Is.Zero);
            Assert.That(solution.Status, Is.EqualTo(Status.Ok));
            Assert.That(solution.Message, Is.Empty);
            Assert.That(z0.All(state => state.Grad!.IsFinite().Min().ToDouble() == 1), Is.True);
        });
    }

    private static Tensor Sum(Solution solution) => solution.States.Select(state => state.Sum()).Aggregate((a, b) => a + b);
}
