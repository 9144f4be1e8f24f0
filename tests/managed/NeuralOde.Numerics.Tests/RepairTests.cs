namespace NeuralOde.Numerics.Tests;

/// <summary>Stretches that the reverse sweep makes again. A tolerance below rounding leaves none of more than one step: undamped ones are made
/// again, and damped ones are expected to drift and kept from the first.</summary>
[TestFixture]
public sealed class RepairTests : ScopedTests
{
    private static readonly SolverOptions Strict = new() { StepSize = 0.15, DriftTolerance = 1e-17 };

    [Test]
    [Combinatorial]
    public void Gradients_are_backprops(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem,
        [Values(1, 0.9, 0.3)] double eta,
        [Values(false, true)] bool timesAskedFor,
        [Values(false, true)] bool backwardInTime,
        [Values(null, 0.15)] double? stepSize)
    {
        var options = Strict with { StepSize = stepSize, RelativeTolerance = 1e-2, AbsoluteTolerance = 1e-2, Eta = eta };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        double[]? times = !timesAskedFor ? null : backwardInTime ? [0.75, 0.5, 0.2, 0] : [0.25, 0.5, 0.8, 1];
        var backprop = Gradients.Of(problem, options with { Gradient = GradientMethod.Backprop, DriftTolerance = null }, start, end, times);
        var repaired = Gradients.Of(problem, options, start, end, times);

        // Every state is a known one: rounding of a few hundred steps, on values of order 10
        Gradients.AssertEqual(backprop, repaired, 1e-11);
    }

    [Test]
    public void Steps_made_again_are_counted_and_cost_one_evaluation_each()
    {
        using var problem = Problem.Create("mlp");
        var calls = 0;
        using var counted = Dynamics.FromFunction(
            (t, z) =>
            {
                calls++;
                return problem.Dynamics.Evaluate(t.ToDouble(), z);
            },
            problem.Parameters);
        using var solution = new OdeSolver(Strict).Solve(counted, problem.State[0], 0, 1);
        calls = 0;
        solution.State.Sum().Backward();
        var statistics = solution.Statistics;

        Assert.Multiple(() =>
        {
            Assert.That(statistics.StepsReplayed, Is.GreaterThan(0));
            Assert.That(calls, Is.EqualTo(statistics.NfeBackward + statistics.StepsReplayed));
            Assert.That(statistics.ReconstructionError, Is.Zero);
            Assert.That(statistics.Snapshots, Is.InRange(1, statistics.StepsAccepted - 1));
            Assert.That(solution.Status, Is.EqualTo(Status.Ok));
        });
    }

    [Test]
    public void Dropout_replays_its_masks()
    {
        var masks = new List<string>();
        var weight = (Tensor.Randn([16, 16], DType.Float64) * 0.2).WithGrad();
        using var f = Dynamics.FromFunction(
            (_, z) =>
            {
                var mask = z.Detach().OnesLike().Dropout(0.5, training: true);
                masks.Add(string.Concat(mask.ToArray<double>().Select(element => element > 0 ? '1' : '0')));
                return (z.MatMul(weight) * mask).Tanh();
            },
            [weight]);
        using var solution = new OdeSolver(Strict).Solve(f, Tensor.Randn([64, 16], DType.Float64).WithGrad(), 0, 1);
        var forward = masks.ToArray();
        masks.Clear();
        solution.State.Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(masks.Distinct(), Is.SubsetOf(forward));
            Assert.That(masks, Has.Count.GreaterThan(forward.Length));   // some are drawn again
            Assert.That(solution.Statistics.ReconstructionError, Is.Zero);
        });
    }

    [Test]
    public void Batch_normalisation_tracks_nothing_of_it()
    {
        var (mean, variance) = (Tensor.Zeros([5], DType.Float64), Tensor.Ones([5], DType.Float64));
        var (scale, shift) = (Tensor.Ones([5], DType.Float64).WithGrad(), Tensor.Zeros([5], DType.Float64).WithGrad());
        using var f = Dynamics.FromFunction((_, z) => z.BatchNorm(scale, shift, mean, variance, training: true).Tanh(), [scale, shift], [mean, variance]);
        using var solution = new OdeSolver(Strict).Solve(f, Tensor.Randn([7, 5], DType.Float64).WithGrad(), 0, 1);
        var (trackedMean, trackedVariance) = (mean.ToArray<double>(), variance.ToArray<double>());
        solution.State.Square().Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.StepsReplayed, Is.GreaterThan(0));
            Assert.That(mean.ToArray<double>(), Is.EqualTo(trackedMean));
            Assert.That(variance.ToArray<double>(), Is.EqualTo(trackedVariance));
        });
    }

    [Test]
    public void A_second_backward_through_a_retained_graph_gives_the_same_again()
    {
        using var problem = Problem.Create("mlp");
        using var solution = new OdeSolver(Strict).Solve(problem.Dynamics, problem.State, 0, 1);
        var loss = solution.State.Square().Sum();
        loss.Backward(retainGraph: true);
        var once = problem.State[0].Grad!.ToArray<double>();
        var replayed = solution.Statistics.StepsReplayed;
        loss.Backward();

        Assert.Multiple(() =>
        {
            Assert.That(problem.State[0].Grad!.ToArray<double>(), Is.EqualTo(once.Select(value => 2 * value)).Within(1e-13));
            Assert.That(solution.Statistics.StepsReplayed, Is.EqualTo(replayed));   // of the last backward, not of both
        });
    }

    [Test]
    public void A_solution_without_a_first_state_to_start_from_tells_what_it_does_not_know()
    {
        var z0 = Tensor.Ones([4], DType.Float64);
        var weight = Tensor.Scalar(-1.0).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);
        using var solution = new OdeSolver(Strict).Solve(f, z0, 0, 1);
        z0.Zero_();
        solution.State.Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.StepsReplayed, Is.Zero);
            Assert.That(solution.Statistics.ReconstructionError, Is.NaN);
        });
    }
}
