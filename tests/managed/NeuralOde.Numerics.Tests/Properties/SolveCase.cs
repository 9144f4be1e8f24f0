using FsCheck;
using FsCheck.Fluent;

namespace NeuralOde.Numerics.Tests.Properties;

/// <summary>One solve of fixed steps, drawn at random. What it is about follows from it alone, so that a failing one can be run again.</summary>
/// <param name="Seed">Of the state, the weights and the cotangent.</param>
/// <param name="Kind">The dynamics.</param>
/// <param name="DType">Of the state and the weights.</param>
/// <param name="Tensors">In the state.</param>
/// <param name="Rows">Of each tensor.</param>
/// <param name="Width">Of each tensor.</param>
/// <param name="Lipschitz">Constant of the dynamics in z, in the 2-norm.</param>
/// <param name="Eta">Damping.</param>
/// <param name="StepSize">Length of a step, above 0.</param>
/// <param name="Steps">Number of steps.</param>
/// <param name="BackwardInTime">Whether t1 is below t0.</param>
/// <param name="Interval">Of the snapshots.</param>
public sealed record SolveCase(
    ulong Seed, DynamicsKind Kind, DType DType, int Tensors, int Rows, int Width, double Lipschitz, double Eta, double StepSize, int Steps,
    bool BackwardInTime, SnapshotInterval Interval)
{
    /// <summary>Machine epsilon of the type.</summary>
    public double Epsilon => DType switch { DType.Float64 => Math.ScaleB(1, -52), DType.Float32 => Math.ScaleB(1, -23), _ => Math.ScaleB(1, -7) };

    /// <summary>The end of the solve, which starts at 0.</summary>
    public double End => BackwardInTime ? -Steps * StepSize : Steps * StepSize;

    /// <summary>The options that follow from the case.</summary>
    public SolverOptions Options => new() { StepSize = StepSize, Eta = Eta, SnapshotInterval = Interval, Failure = FailureMode.Value };

    /// <summary>Cases with at most <paramref name="mostSteps"/> steps; failing ones are made smaller.</summary>
    public static Arbitrary<SolveCase> Any(int mostSteps, params DType[] dtypes) => Arb.From(Draw(mostSteps, dtypes), Smaller);

    private static Gen<SolveCase> Draw(int mostSteps, DType[] dtypes) =>
        from seed in Gen.Choose(1, 1_000_000)
        from kind in Gen.Elements(Enum.GetValues<DynamicsKind>())
        from dtype in Gen.Elements(dtypes)
        from tensors in Gen.Choose(1, 3)
        from rows in Gen.Choose(1, 4)
        from width in Gen.Choose(1, 5)
        from lipschitz in Gen.Choose(1, 20)
        from eta in Etas
        from stepSize in Gen.Choose(1, 30)
        from steps in Gen.Choose(1, mostSteps)
        from backwardInTime in Gen.Elements(false, true)
        from interval in Intervals(mostSteps)
        select new SolveCase(
            (ulong)seed, kind, dtype, tensors, rows, width, lipschitz / 10.0, eta, stepSize / 100.0, steps, backwardInTime, interval);

    /// <summary>In (0, 1], 0.02 or more away from 0.5; every third is 1, the default.</summary>
    private static Gen<double> Etas => Gen.OneOf(
        Gen.Constant(1.0), Gen.Choose(1, 480).Select(thousandths => thousandths / 1000.0), Gen.Choose(520, 999).Select(thousandths => thousandths / 1000.0));

    private static Gen<SnapshotInterval> Intervals(int mostSteps) => Gen.OneOf(
        Gen.Constant(SnapshotInterval.Automatic), Gen.Constant(SnapshotInterval.None),
        Gen.Choose(1, mostSteps).Select(steps => SnapshotInterval.Every(steps)));

    private static IEnumerable<SolveCase> Smaller(SolveCase one)
    {
        if (one.Steps > 1) yield return one with { Steps = one.Steps / 2 };
        if (one.Steps > 1) yield return one with { Steps = one.Steps - 1 };
        if (one.Tensors > 1) yield return one with { Tensors = 1 };
        if (one.Rows > 1) yield return one with { Rows = 1 };
        if (one.Width > 1) yield return one with { Width = 1 };
        if (one.Kind != DynamicsKind.Linear) yield return one with { Kind = DynamicsKind.Linear };
        if (one.BackwardInTime) yield return one with { BackwardInTime = false };
        if (one.Interval.Steps is not null) yield return one with { Interval = SnapshotInterval.None };
    }
}
