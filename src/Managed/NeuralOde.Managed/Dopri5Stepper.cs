using System.Numerics;
using System.Numerics.Tensors;

namespace NeuralOde.Managed;

/// <summary>Forward steps of <see cref="Dopri5"/>: 6 evaluations each, and one at t0.</summary>
internal sealed class Dopri5Stepper<T> : Stepper<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[][] _k;
    private readonly T[] _stage;
    private T[] _z;
    private T[] _next;
    private bool _hasStart;
    private double _startTime, _t, _h;

    public Dopri5Stepper(Evaluator<T> f, ReadOnlySpan<T> z0) : base(f)
    {
        var length = z0.Length;
        _z = z0.ToArray();
        (_next, _stage) = (new T[length], new T[length]);
        _k = [.. Enumerable.Range(0, Dopri5.Stages).Select(_ => new T[length])];
    }

    public override int ErrorOrder => Dopri5.ErrorOrder;

    public override Kept<T> State => new(_z, []);

    public override double StartTime => _startTime;

    public override double FirstLength(double t, double direction, double rtol, double atol, double span)
    {
        EvaluateStart(t);
        RequireFinite(_k[0], "f(t0, z0)", t);
        var speed = Spans.ScaledNorm<T>(_k[0], [], 1, _z, _z, rtol, atol);
        var guess = FirstStep.Guess(Spans.ScaledNorm<T>(_z, [], 1, _z, _z, rtol, atol), speed, span);
        Spans.Combine<T>(_z, _k, [1], direction * guess, _stage);
        F.Evaluate(t + (direction * guess), _stage, _k[1]);
        TensorPrimitives.Subtract<T>(_k[1], _k[0], _k[1]);
        var curvature = Spans.ScaledNorm<T>(_k[1], [], 1, _z, _z, rtol, atol) / guess;
        return FirstStep.Second(guess, speed, curvature, ErrorOrder, span);
    }

    public override void Attempt(double t, double h)
    {
        (_t, _h) = (t, h);
        EvaluateStart(t);
        for (var i = 1; i < Dopri5.UsedStages; i++)
        {
            Spans.Combine<T>(_z, _k, Dopri5.A[i], h, _stage);
            F.Evaluate(t + (Dopri5.C[i] * h), _stage, _k[i]);
        }

        Spans.Combine<T>(_z, _k, Dopri5.B, h, _next);
        F.Evaluate(t + h, _next, _k[^1]);
    }

    public override double Error(double rtol, double atol)
    {
        Spans.Combine<T>([], _k, Dopri5.E, _h, _stage);
        return Spans.AllFinite<T>(_next) && Spans.AllFinite<T>(_stage) ? Spans.ScaledNorm<T>(_stage, [], 1, _z, _next, rtol, atol) : double.PositiveInfinity;
    }

    public override void RequireAcceptable()
    {
        if (Spans.AllFinite<T>(_next)) return;
        foreach (var stage in _k) RequireFinite(stage, "f(t, z)", _t + (_h / 2));
        RequireFinite(_next, "the state", _t + (_h / 2));
    }

    public override void Accept()
    {
        (_z, _next) = (_next, _z);
        (_k[0], _k[^1]) = (_k[^1], _k[0]);
        _startTime = _t + _h;
    }

    private void EvaluateStart(double t)
    {
        if (_hasStart) return;
        (_hasStart, _startTime) = (true, t);
        F.Evaluate(t, _z, _k[0]);
    }
}
