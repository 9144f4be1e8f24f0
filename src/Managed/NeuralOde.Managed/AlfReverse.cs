using System.Numerics;
using System.Numerics.Tensors;

namespace NeuralOde.Managed;

/// <summary>MALI: undoes ALF steps from the end state, with one linearised evaluation each, which serves the inverse and the pullback. Source:
/// Zhuang et al. 2021; docs/method.md, equations 5 to 13.</summary>
internal sealed class AlfReverse<T> : ReverseSweep<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly double _eta;
    private readonly T[] _k, _u, _a_u, _g, _tape;
    private readonly Dictionary<int, Kept<T>> _known;
    private readonly Kept<T> _state;
    private T[] _a_v;
    private double _worst = double.NaN;
    private long _replayed;
    private int _mostKept;

    public AlfReverse(IManagedDynamics<T> dynamics, Record<T> record, ReadOnlySpan<T> cotangents) : base(dynamics, record, cotangents)
    {
        var length = record.Start.Z.Length;
        _eta = record.Options.Eta;
        (_k, _u, _a_u, _g, _tape) = (new T[length], new T[length], new T[length], new T[length], F.NewTape());
        _a_v = new T[length];
        _known = new(record.Kept);
        _mostKept = _known.Count;
        _state = record.End.Copy();
    }

    public override SolverStatistics Statistics => base.Statistics with
    {
        ReconstructionError = _worst, StepsReplayed = _replayed, Snapshots = _mostKept, SnapshotBytes = _mostKept * _state.Bytes,
    };

    protected override void Undo(int steps)
    {
        var end = Record.End;
        foreach (var number in _known.Keys.OrderDescending().ToArray())
        {
            Stretch(end, steps, number);
            (end, steps) = (_known[number], number);
        }

        Stretch(end, steps, 0);
        if (_worst > Drift.ToleranceOf<T>(Record.Options)) throw new NeuralOdeException(Status.Drift, Drift.Text<T>(_worst, Record.Options));
    }

    protected override TimeCotangents Differentiate(int number, in GridStep step)
    {
        var (z, v) = _state;
        var (h, lands) = (step.Length, step.Landing >= 0);
        var length = lands ? Spans.Dot<T>(StateCotangent, v) / 2 : 0;
        AlfStep.ReverseHead<T>(z, v, StateCotangent, _a_v, _k, _a_u, h, _eta);
        var time = step.Time + (h / 2);
        F.Evaluate(time, _k, _u, _tape);
        var start = F.Pullback(time, _k, _tape, _a_u, _g, ParameterCotangents);
        AlfStep.ReverseTail<T>(_k, _u, _g, z, v, StateCotangent, _a_v, h, _eta);
        var before = _known.TryGetValue(number, out var known) ? known.V : v;
        return new(start, lands ? length + ((start + Spans.Dot<T>(StateCotangent, before)) / 2) : 0);
    }

    /// <summary>Undoes steps [first, last) from the known state after them to the known one before them, and once more from states between
    /// where automatic snapshots find that the two do not fit.</summary>
    private void Stretch(in Kept<T> end, int last, int first)
    {
        var repairs = Record.Options.SnapshotInterval.IsAutomatic && last - first > 1;
        var (mark, a_v) = repairs ? (Save(), _a_v.ToArray()) : (null, null);
        for (var step = last - 1; step >= first; step--) UndoStep(step);
        var start = first > 0 ? _known[first] : PullStart();
        var drift = last - first > 1 ? Drift.Between(_state, start, Record.Landings) : 0;
        if (mark is not null && !(drift <= Drift.RepairThreshold<T>(Record.Options)))
        {
            Restore(mark);
            _a_v = a_v!;
            UndoFromEachState(end, last, first, start);
            drift = 0;
        }

        _worst = double.IsNaN(_worst) ? drift : Math.Max(_worst, drift);
        if (first > 0) Set(start);
    }

    /// <summary>Makes the steps [first, last) again from their start, keeps each state, and undoes every step from its known end.</summary>
    private void UndoFromEachState(in Kept<T> end, int last, int first, in Kept<T> start)
    {
        var states = new List<Kept<T>>();
        var state = start.Copy();
        for (var number = first; number < last - 1; number++)
        {
            var step = Record.Grid.Steps[number];
            AlfStep.Head<T>(state.Z, state.V, _k, step.Length);
            F.Replay(step.Time + (step.Length / 2), _k, _u);
            AlfStep.Tail<T>(_k, state.V, _u, state.Z, state.V, step.Length, _eta);
            states.Add(state.Copy());
        }

        _replayed += states.Count;
        _mostKept = Math.Max(_mostKept, Record.Kept.Count + states.Count);
        for (var step = last - 1; step >= first; step--)
        {
            Set(step == last - 1 ? end : states[step - first]);
            UndoStep(step);
        }

        if (first == 0) PullStart();
    }

    /// <summary>Pulls a_v back through v0 = f(t0, z0), at z0 itself. Returns the known state at t0.</summary>
    private Kept<T> PullStart()
    {
        var (z0, t0) = (Record.Start.Z, Record.Landings.Start);
        var v0 = new T[z0.Length];
        F.Evaluate(t0, z0, v0, _tape);
        Times[0] += F.Pullback(t0, z0, _tape, _a_v, _g, ParameterCotangents);
        TensorPrimitives.Add(StateCotangent, _g, StateCotangent);
        return new(z0, v0);
    }

    private void Set(in Kept<T> state)
    {
        state.Z.CopyTo(_state.Z, 0);
        state.V.CopyTo(_state.V, 0);
    }
}
