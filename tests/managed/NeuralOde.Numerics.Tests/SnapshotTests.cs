namespace NeuralOde.Numerics.Tests;

/// <summary>States kept for the reverse sweep: how many, in how much memory, and what they give.</summary>
[TestFixture]
public sealed class SnapshotTests : ScopedTests
{
    private const int Steps = 12;
    private static readonly SolverOptions Fixed = new() { StepSize = 1.0 / Steps };

    [Test]
    [Combinatorial]
    public void Keeping_every_state_gives_backprops_gradients_to_rounding(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem, [Values(1, 0.9, 0.6, 0.3)] double eta)
    {
        var options = Fixed with { Eta = eta, SnapshotInterval = SnapshotInterval.Every(1) };
        var backprop = Gradients.Of(problem, Fixed with { Eta = eta, Gradient = GradientMethod.Backprop }, 0, 1);
        var kept = Gradients.Of(problem, options, 0, 1);

        // Nothing is reconstructed over more than one step: 2.2e-16 times some ten operations a step and |1 - 2 eta|^-1 <= 5, on values of order 10
        Gradients.AssertEqual(backprop, kept, 1e-12);
    }

    [Test]
    [Combinatorial]
    public void Gradients_are_backprops_whatever_is_kept(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string problem,
        [Values("none", "auto", "1", "2", "5", "12", "100")] string interval,
        [Values(1, 0.9)] double eta,
        [Values(false, true)] bool timesAskedFor,
        [Values(false, true)] bool adaptive)
    {
        var options = new SolverOptions
        {
            StepSize = adaptive ? null : 1.0 / Steps, RelativeTolerance = 1e-2, AbsoluteTolerance = 1e-2, Eta = eta,
        };
        double[]? times = timesAskedFor ? [0.2, 0.55, 1] : null;
        var backprop = Gradients.Of(problem, options with { Gradient = GradientMethod.Backprop }, 0, 1, times);
        var kept = Gradients.Of(problem, options with { SnapshotInterval = SnapshotInterval.Parse(interval) }, 0, 1, times);

        Gradients.AssertEqual(backprop, kept, 1e-9);   // as MaliGradientTests
    }

    [Test]
    public void Snapshots_are_counted_with_their_bytes([Values(1, 2, 5, 12, 100)] int interval)
    {
        using var problem = Problem.Create("pair");
        using var solution = Solve(problem, Fixed with { SnapshotInterval = SnapshotInterval.Every(interval) });
        var statistics = solution.Statistics;

        // Before steps interval, 2 interval, ... below Steps; z and v of 6 + 6 + 3 doubles each.
        Assert.Multiple(() =>
        {
            Assert.That(statistics.Snapshots, Is.EqualTo((Steps - 1) / interval));
            Assert.That(statistics.SnapshotBytes, Is.EqualTo(statistics.Snapshots * 2 * 15 * sizeof(double)));
        });
    }

    [Test]
    public void Without_snapshots_there_are_none_to_count([Values("none", "auto")] string interval)
    {
        using var problem = Problem.Create("mlp");
        using var solution = Solve(problem, Fixed with { SnapshotInterval = SnapshotInterval.Parse(interval) });
        solution.State.Sum().Backward();

        // Automatic: 12 undamped steps in Float64 stay far below the tolerance of 1.5e-8.
        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.Snapshots, Is.Zero);
            Assert.That(solution.Statistics.SnapshotBytes, Is.Zero);
            Assert.That(solution.Statistics.StepsReplayed, Is.Zero);
        });
    }

    [Test]
    public void Automatic_snapshots_are_planned_from_the_growth_of_rounding()
    {
        using var f = Dynamics.FromFunction((_, z) => -z);
        var options = new SolverOptions { StepSize = 0.01, Eta = 0.8 };
        using var solution = new OdeSolver(options).Solve(f, Tensor.Ones([4], DType.Float64).WithGrad(), 0, 1);
        var planned = solution.Statistics.Snapshots;
        solution.State.Sum().Backward();

        // 2.2e-16 * 0.6^-K <= 1.5e-8 gives K <= 35, with a margin for the sums perhaps 10: 100 steps in 3 to 10 stretches
        Assert.Multiple(() =>
        {
            Assert.That(planned, Is.InRange(2, 10));
            Assert.That(solution.Statistics.ReconstructionError, Is.LessThanOrEqualTo(1.5e-8));
            Assert.That(solution.Status, Is.EqualTo(Status.Ok));
        });
    }

    [Test]
    public void A_stretch_that_drifts_although_it_was_not_expected_to_is_made_again()
    {
        // Undamped, one mode of the method decays with z and the other grows as fast, e^30 each way: reversal expands rounding by both.
        // The first solve cannot know.
        using var f = Dynamics.FromFunction((_, z) => z * -3);
        var z0 = Tensor.Ones([4], DType.Float64).WithGrad();
        var solver = new OdeSolver(new() { StepSize = 0.1 });
        using var first = solver.Solve(f, z0, 0, 10);
        first.State.Sum().Backward();
        using var second = solver.Solve(f, z0, 0, 10);
        second.State.Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(first.Statistics.StepsReplayed, Is.GreaterThan(0));
            Assert.That(first.Statistics.Snapshots, Is.GreaterThan(0));
            Assert.That(first.Statistics.ReconstructionError, Is.LessThanOrEqualTo(1.5e-8));
            Assert.That(second.Statistics.StepsReplayed, Is.LessThan(first.Statistics.StepsReplayed));   // it has learnt
            Assert.That(second.Statistics.ReconstructionError, Is.LessThanOrEqualTo(1.5e-8));
        });
    }

    [Test]
    public void Memory_falls_with_the_interval()
    {
        var every = PeakBytes(SnapshotInterval.Every(1));
        var fourth = PeakBytes(SnapshotInterval.Every(4));
        var none = PeakBytes(SnapshotInterval.None);

        Assert.That((none < fourth, fourth < every), Is.EqualTo((true, true)), $"{none} {fourth} {every}");

        static long PeakBytes(SnapshotInterval interval)
        {
            using var scope = new TensorScope();
            TensorMemory.EnableTracking();
            using var f = Dynamics.FromFunction((_, z) => -z);
            var z0 = Tensor.Ones([4096]).WithGrad();
            TensorMemory.ResetPeak();
            var before = TensorMemory.LiveBytes;
            using var solution = new OdeSolver(new() { StepSize = 1.0 / 64, SnapshotInterval = interval }).Solve(f, z0, 0, 1);
            solution.State.Sum().Backward();
            return TensorMemory.PeakBytes - before;
        }
    }

    private static Solution Solve(Problem problem, SolverOptions options) => new OdeSolver(options).Solve(problem.Dynamics, problem.State, 0, 1);
}
