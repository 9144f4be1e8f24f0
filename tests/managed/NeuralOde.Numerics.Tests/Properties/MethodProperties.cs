using FsCheck;
using FsCheck.Fluent;

namespace NeuralOde.Numerics.Tests.Properties;

/// <summary>What holds for any solver with any gradient method that keeps the steps, tried on random solves. The seeds are fixed.</summary>
[TestFixture]
public sealed class MethodProperties : ScopedTests
{
    private const int Cases = 60;

    /// <summary>A solve with a solver and a method; of pnode with so many checkpoints, null for every state.</summary>
    private sealed record MethodCase(SolveCase Solve, SolverKind Solver, GradientMethod Gradient, int? Checkpoints)
    {
        public SolverOptions Options => Solve.Options with
        {
            Solver = Solver, Gradient = Gradient, Checkpoints = Gradient == GradientMethod.Pnode ? Checkpoints : null,
            Eta = Solver == SolverKind.Alf ? Solve.Eta : 1, SnapshotInterval = default,
        };
    }

    [Test]
    public void Gradients_are_backprops_whatever_is_kept() => ForAny(1, one =>
    {
        using var run = new SolveRun(one.Solve);
        var backprop = run.Solve(one.Options with { Gradient = GradientMethod.Backprop, Checkpoints = null }).Gradients;
        var (statistics, _, gradients) = run.Solve(one.Options);
        var difference = Math.Sqrt(gradients.Zip(backprop, (a, b) => (a - b) * (a - b)).Sum());

        Assert.Multiple(() =>
        {
            Assert.That(statistics.StepsAccepted, Is.EqualTo(one.Solve.Steps), one.ToString());
            Assert.That(gradients, Has.Length.EqualTo(backprop.Length), one.ToString());
            Assert.That(difference, Is.LessThanOrEqualTo(1e-9 * Math.Max(1, Norm(backprop))), one.ToString());   // rounding alone
        });
    });

    [Test]
    public void No_more_is_kept_than_there_is_room_for() => ForAny(2, one =>
    {
        using var run = new SolveRun(one.Solve);
        var statistics = run.Solve(one.Options).Statistics;

        Assert.That(statistics.Snapshots, Is.LessThanOrEqualTo(Math.Min(one.Options.Checkpoints ?? long.MaxValue, one.Solve.Steps - 1)), one.ToString());
        Assert.That(statistics.StepsReplayed, Is.LessThanOrEqualTo(one.Solve.Steps * (one.Solve.Steps - 1) / 2), one.ToString());
    });

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(value => value * value));

    private static Arbitrary<MethodCase> Any => Arb.From(
        from solve in SolveCase.Any(30, DType.Float64).Generator
        from solver in Gen.Elements(Solvers.All)
        from gradient in Gen.Elements(GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode)
        from checkpoints in Gen.OneOf(Gen.Constant((int?)null), Gen.Choose(1, 31).Select(n => (int?)n))
        select new MethodCase(solve, solver, gradient, checkpoints));

    private static void ForAny(ulong seed, Action<MethodCase> holds)
    {
        var replay = new Replay(new Rnd(seed), Microsoft.FSharp.Core.FSharpOption<int>.None);
        var config = Config.QuickThrowOnFailure.WithMaxTest(Cases).WithReplay(replay).WithQuietOnSuccess(true);
        Check.One(config, Prop.ForAll(Any, one =>
        {
            using var scope = new TensorScope();
            holds(one);
        }));
    }
}
