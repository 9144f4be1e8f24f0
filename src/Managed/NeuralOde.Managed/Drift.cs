using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>How far the states that a reverse sweep reconstructs are from the known ones; docs/reversibility.md. The native library's rules
/// (native/src/gradients/snapshots.h), without its memory of what earlier solves of the same dynamics drifted by.</summary>
internal static class Drift
{
    /// <summary>The largest relative distance, infinite where a number is not finite; as <see cref="SolverStatistics.ReconstructionError"/> says.</summary>
    public static double Between<T>(in Kept<T> reconstructed, in Kept<T> known, Landings landings) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var span = Math.Abs(landings.Times[^1] - landings.Start);
        var (dz, dv) = (Spans.LargestDifference<T>(reconstructed.Z, known.Z), Spans.LargestDifference<T>(reconstructed.V, known.V));
        var (z, v) = (Spans.Largest<T>(known.Z), Spans.Largest<T>(known.V));
        if (!double.IsFinite(dz + dv + z + v)) return double.PositiveInfinity;
        var (sizeZ, sizeV) = (Math.Max(z, span * v), span > 0 ? Math.Max(v, z / span) : v);
        return Math.Max(sizeZ > 0 ? dz / sizeZ : dz, sizeV > 0 ? dv / sizeV : dv);
    }

    public static double ToleranceOf<T>(SolverOptions options) where T : unmanaged, IFloatingPointIeee754<T> =>
        options.DriftTolerance ?? Math.Sqrt(ElementType.Epsilon<T>());

    /// <summary>The drift that automatic snapshots do not let pass: a tenth of the tolerance, or its geometric mean with epsilon.</summary>
    public static double RepairThreshold<T>(SolverOptions options) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var tolerance = ToleranceOf<T>(options);
        return Math.Min(tolerance, Math.Max(tolerance / 10, Math.Sqrt(tolerance * ElementType.Epsilon<T>())));
    }

    /// <summary>Steps from one snapshot to the next; <see cref="int.MaxValue"/> for none. Automatic: so many that |1 - 2 eta|^-1 a step expands
    /// epsilon to a quarter of the threshold.</summary>
    public static int SnapshotSteps<T>(SolverOptions options) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.SnapshotInterval.Steps is { } steps) return (int)Math.Min(steps, int.MaxValue);
        var growth = -Math.Log(Math.Abs(1 - (2 * options.Eta)));
        if (options.SnapshotInterval.IsNone || growth <= 0) return int.MaxValue;
        var room = Math.Max(0, Math.Log(RepairThreshold<T>(options) / ElementType.Epsilon<T>()));
        return (int)Math.Max(1, Math.Min(Math.Max(room - Math.Log(4), room / 2) / growth, int.MaxValue));
    }

    public static string Text<T>(double drift, SolverOptions options) where T : unmanaged, IFloatingPointIeee754<T> =>
        $"drift: the reverse sweep's states are off by {drift} (relative), beyond DriftTolerance = {ToleranceOf<T>(options)}, and the gradients with them; "
        + "set SnapshotInterval to Automatic, keep more of them, bring Eta closer to 1, or allow it with a larger DriftTolerance";
}
