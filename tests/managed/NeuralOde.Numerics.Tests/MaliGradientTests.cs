namespace NeuralOde.Numerics.Tests;

/// <summary>MALI's gradients are those of backpropagation through the same steps, to rounding.</summary>
[TestFixture]
public sealed class MaliGradientTests : ScopedTests
{
    // The reverse sweep multiplies rounding of v by |1 - 2 eta|^-1 a step: at most 2.5^10 * 1e-16 = 1e-12 here.
    private const double Tolerance = 1e-9;

    [Test]
    [Combinatorial]
    public void Fixed_steps(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem,
        [Values(1, 0.9, 0.75, 0.3)] double eta,
        [Values(0.125, 0.15)] double stepSize,   // divides the interval, does not
        [Values(false, true)] bool backwardInTime)
    {
        var (start, end) = backwardInTime ? (1.1, 0.1) : (0.1, 1.1);
        AssertMaliIsBackprop(problem, new() { StepSize = stepSize, Eta = eta }, start, end);
    }

    [Test]
    [Combinatorial]
    public void Fixed_steps_with_times_asked_for(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem,
        [Values(1, 0.9, 0.75, 0.3)] double eta,
        [Values(false, true)] bool backwardInTime,
        [Values("inside", "to the end", "from the start")] string times)
    {
        double[] asked = times switch { "inside" => [0.2, 0.55, 0.7], "to the end" => [0.3, 1], _ => [0, 0.4] };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        if (backwardInTime) asked = [.. asked.Select(time => 1 - time)];
        AssertMaliIsBackprop(problem, new() { StepSize = 0.15, Eta = eta }, start, end, asked);
    }

    [Test]
    [Combinatorial]
    public void Adaptive_steps(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem,
        [Values(1, 0.9)] double eta,
        [Values(false, true)] bool backwardInTime,
        [Values(false, true)] bool timesAskedFor)
    {
        var options = new SolverOptions { Eta = eta, RelativeTolerance = 1e-2, AbsoluteTolerance = 1e-2 };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        double[]? times = !timesAskedFor ? null : backwardInTime ? [0.75, 0.5, 0.2, 0] : [0.25, 0.5, 0.8, 1];
        AssertMaliIsBackprop(problem, options, start, end, times);
    }

    [Test]
    public void One_step_and_no_step(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem, [Values(0.05, 0.0)] double length) =>
        AssertMaliIsBackprop(problem, new() { StepSize = 0.1 }, 0.3, 0.3 + length);

    [Test]
    public void Many_undamped_steps([ValueSource(typeof(Problem), nameof(Problem.Names))] string problem) =>
        AssertMaliIsBackprop(problem, new() { StepSize = 0.01 }, 0, 2);

    [Test]
    public void Gradients_add_up_over_two_blocks_that_share_parameters([Values(1, 0.9)] double eta)
    {
        var mali = TwoBlocks(GradientMethod.Mali);
        var backprop = TwoBlocks(GradientMethod.Backprop);

        Gradients.AssertEqual(backprop, mali, Tolerance);

        Dictionary<string, double[]> TwoBlocks(GradientMethod gradient)
        {
            using var problem = Problem.Create("mlp");
            var options = new SolverOptions { StepSize = 0.15, Eta = eta, Gradient = gradient };
            using var first = new OdeBlock(problem.Dynamics, options);
            using var second = new OdeBlock(problem.Dynamics, options, 0.5, 1.25);
            second.Forward(first.Forward(problem.State[0]).Relu()).Square().Sum().Backward();
            return new()
            {
                ["z0"] = problem.State[0].Grad!.ToArray<double>(),
                ["first"] = problem.Parameters[0].Grad!.ToArray<double>(),
                ["bias"] = problem.Parameters[1].Grad!.ToArray<double>(),
                ["second"] = problem.Parameters[2].Grad!.ToArray<double>(),
            };
        }
    }

    [Test]
    public void Float32_gradients_agree_to_single_precision([Values(1, 0.9)] double eta)
    {
        var (mali, backprop) = (Run(GradientMethod.Mali), Run(GradientMethod.Backprop));

        // 8 steps of rounding 6e-8 on values of order 1, damped ones times 1.25^8 = 6
        Assert.That(mali.Zip(backprop, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(2e-5));

        float[] Run(GradientMethod gradient)
        {
            Library.ManualSeed(3);
            var weight = (Tensor.Randn([6, 6]) * 0.3).WithGrad();
            var z0 = Tensor.Randn([4, 6]).WithGrad();
            using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh(), [weight]);
            using var solution = new OdeSolver(new() { StepSize = 0.125, Eta = eta, Gradient = gradient }).Solve(f, z0, 0, 1);
            solution.State.Mean().Backward();
            return [.. z0.Grad!.ToArray<float>(), .. weight.Grad!.ToArray<float>()];
        }
    }

    private static void AssertMaliIsBackprop(string problem, SolverOptions options, double start, double end, double[]? times = null)
    {
        var backprop = Gradients.Of(problem, options with { Gradient = GradientMethod.Backprop }, start, end, times);
        var mali = Gradients.Of(problem, options with { Gradient = GradientMethod.Mali }, start, end, times);

        Gradients.AssertEqual(backprop, mali, Tolerance);
    }
}
