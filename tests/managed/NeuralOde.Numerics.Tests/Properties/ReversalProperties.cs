using FsCheck;
using FsCheck.Fluent;

namespace NeuralOde.Numerics.Tests.Properties;

/// <summary>What holds for any solve, tried on random ones. The seeds are fixed; a failure prints the smallest case found, as it can be written down.</summary>
[TestFixture]
public sealed class ReversalProperties : ScopedTests
{
    private const int Cases = 40;

    [Test]
    public void Reconstruction_errors_are_within_rounding_times_the_growth_of_the_inverse() =>
        ForAny(1, SolveCase.Any(24, DType.Float32, DType.Float64), drawn =>
        {
            // Up to 30 times the default tolerance; beyond, the bound would say little.
            var one = Shortened(drawn with { Interval = SnapshotInterval.None }, bound => bound.Drift(1), 30 * Math.Sqrt(drawn.Epsilon));
            using var run = new SolveRun(one);
            var error = run.Solve(one.Options).Statistics.ReconstructionError;

            Assert.That(error, Is.LessThanOrEqualTo(new ReversalBound(one).Drift(run.LargestStart)), one.ToString());
        });

    [Test]
    public void Exact_reversal_reconstructs_every_bit() =>
        ForAny(2, SolveCase.Any(200, DType.Float32, DType.Float64, DType.BFloat16), drawn =>
        {
            var one = drawn with { Eta = 1, StepSize = drawn.StepSize / 10 };
            using var run = new SolveRun(one);
            var (statistics, status, _) = run.Solve(one.Options with { Reversal = Reversal.Exact });

            Assert.That((status, statistics.ReconstructionError), Is.EqualTo((Status.Ok, 0.0)), one.ToString());
        });

    [Test]
    public void Gradients_are_backprops_within_rounding_whatever_is_kept() =>
        ForAny(3, SolveCase.Any(24, DType.Float64), drawn =>
        {
            var one = Shortened(drawn, bound => bound.Gradient(), 1e-6);
            using var run = new SolveRun(one);
            var backprop = run.Solve(one.Options with { Gradient = GradientMethod.Backprop, SnapshotInterval = SnapshotInterval.None }).Gradients;
            var (statistics, _, mali) = run.Solve(one.Options);
            var difference = Math.Sqrt(mali.Zip(backprop, (a, b) => (a - b) * (a - b)).Sum());

            Assert.Multiple(() =>
            {
                Assert.That(statistics.StepsAccepted, Is.EqualTo(one.Steps), one.ToString());
                Assert.That(mali, Has.Length.EqualTo(backprop.Length), one.ToString());
                Assert.That(difference, Is.LessThanOrEqualTo(new ReversalBound(one).Gradient()), one.ToString());
            });
        });

    [Test]
    public void Keeping_every_state_has_no_error_to_report() =>
        ForAny(4, SolveCase.Any(24, DType.Float32, DType.Float64), drawn =>
        {
            var one = drawn with { Interval = SnapshotInterval.Every(1) };
            using var run = new SolveRun(one);
            var (statistics, status, _) = run.Solve(one.Options);

            // A stretch of one step is pulled back at the state that is known.
            Assert.That((status, statistics.ReconstructionError), Is.EqualTo((Status.Ok, 0.0)), one.ToString());
            Assert.That(statistics.Snapshots, Is.EqualTo(one.Steps - 1), one.ToString());
        });

    [Test]
    public void Automatic_snapshots_keep_any_tolerance() =>
        ForAny(5, Tolerant, pair =>
        {
            var (one, tolerance) = pair;
            using var run = new SolveRun(one);
            var options = one.Options with { SnapshotInterval = SnapshotInterval.Automatic, DriftTolerance = tolerance };
            for (var solve = 0; solve < 2; solve++)   // the second has learnt from the first
            {
                var (statistics, status, _) = run.Solve(options);

                Assert.That(status, Is.EqualTo(Status.Ok), pair.ToString());
                Assert.That(statistics.ReconstructionError, Is.LessThanOrEqualTo(tolerance), pair.ToString());
                Assert.That(statistics.Snapshots, Is.LessThan(one.Steps), pair.ToString());
            }
        });

    /// <summary>Tolerances from ten times below rounding to 1%.</summary>
    private static Arbitrary<(SolveCase Case, double Tolerance)> Tolerant => Arb.From(
        from one in SolveCase.Any(60, DType.Float32, DType.Float64).Generator
        from share in Gen.Choose(0, 10)
        select (one, Math.Pow(one.Epsilon / 10, 1 - (share / 10.0)) * Math.Pow(0.01, share / 10.0)));

    /// <summary>As many steps as leave a bound below a limit; one at least.</summary>
    private static SolveCase Shortened(SolveCase one, Func<ReversalBound, double> bound, double limit)
    {
        while (one.Steps > 1 && bound(new ReversalBound(one)) > limit) one = one with { Steps = one.Steps - 1 };
        return one;
    }

    private static void ForAny<T>(ulong seed, Arbitrary<T> any, Action<T> holds)
    {
        var replay = new Replay(new Rnd(seed), Microsoft.FSharp.Core.FSharpOption<int>.None);
        var config = Config.QuickThrowOnFailure.WithMaxTest(Cases).WithReplay(replay).WithQuietOnSuccess(true);
        Check.One(config, Prop.ForAll(any, value =>
        {
            using var scope = new TensorScope();
            holds(value);
        }));
    }
}
