using System.Numerics;
using System.Numerics.Tensors;

namespace NeuralOde.Managed;

/// <summary>The discrete adjoint of <see cref="Dopri5"/>'s steps from the states before them, with one linearised evaluation a used stage, from
/// the last to the first: a_k_i = h (b_i a_z' + sum over j > i of a_ji a_z_j);  a_z_i = (df/dz_i)^T a_k_i;  a_z = a_z' + sum of a_z_i.
/// Source: Zhang &amp; Zhao 2022, equation 7; docs/method.md, equation 14.</summary>
internal sealed class Dopri5Reverse<T> : ReverseSweep<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[][] _z, _k, _a_z, _tapes;
    private readonly T[] _a_k;

    public Dopri5Reverse(IManagedDynamics<T> dynamics, Record<T> record, ReadOnlySpan<T> cotangents) : base(dynamics, record, cotangents)
    {
        var length = record.Start.Z.Length;
        (_z, _k, _a_z) = (New(), New(), New());
        _tapes = [.. Enumerable.Range(0, Dopri5.UsedStages).Select(_ => F.NewTape())];
        _a_k = new T[length];

        T[][] New() => [.. Enumerable.Range(0, Dopri5.UsedStages).Select(_ => new T[length])];
    }

    public override SolverStatistics Statistics => base.Statistics with
    {
        Snapshots = Record.Kept.Count, SnapshotBytes = Record.Kept.Count * Record.Start.Bytes,
    };

    protected override void Undo(int steps)
    {
        for (var step = steps - 1; step >= 0; step--) UndoStep(step);
    }

    protected override TimeCotangents Differentiate(int number, in GridStep step)
    {
        Linearise(step, number == 0 ? Record.Start.Z : Record.Kept[number].Z);
        var lands = step.Landing >= 0;
        var start = 0.0;
        var length = lands ? Spans.WeightedDot<T>(StateCotangent, _k, Dopri5.B.AsSpan(0, Dopri5.UsedStages)) : 0;
        for (var i = Dopri5.UsedStages - 1; i >= 0; i--)
        {
            StageCotangent(i, step.Length);
            var a_t = F.Pullback(TimeOf(i, step), _z[i], _tapes[i], _a_k, _a_z[i], ParameterCotangents);
            start += a_t;
            if (lands) length += (Dopri5.C[i] * a_t) + Spans.WeightedDot<T>(_a_z[i], _k, Dopri5.A[i]);
        }

        foreach (var a_z in _a_z) TensorPrimitives.Add(StateCotangent, a_z, StateCotangent);
        return new(start, length);
    }

    /// <summary>The stages once more, with their tapes.</summary>
    private void Linearise(in GridStep step, T[] before)
    {
        for (var i = 0; i < Dopri5.UsedStages; i++)
        {
            Spans.Combine<T>(before, _k, Dopri5.A[i], step.Length, _z[i]);
            F.Evaluate(TimeOf(i, step), _z[i], _k[i], _tapes[i]);
        }
    }

    /// <summary>a_k_i, from a_z' and a_z_j of the stages after it.</summary>
    private void StageCotangent(int i, double h)
    {
        TensorPrimitives.Multiply(StateCotangent, T.CreateChecked(h * Dopri5.B[i]), _a_k);
        for (var j = i + 1; j < Dopri5.UsedStages; j++)
        {
            if (Dopri5.A[j][i] != 0) TensorPrimitives.MultiplyAdd(_a_z[j], T.CreateChecked(h * Dopri5.A[j][i]), _a_k, _a_k);
        }
    }

    private static double TimeOf(int stage, in GridStep step) => stage == 0 ? step.StartTime : step.Time + (Dopri5.C[stage] * step.Length);
}
