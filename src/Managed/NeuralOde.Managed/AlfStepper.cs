using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>Forward ALF steps of (z, v), v = f(t0, z0) at the start; one evaluation each. The error estimate is h (u - v), of order 2.</summary>
internal sealed class AlfStepper<T> : Stepper<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly double _eta;
    private readonly T[] _u;
    private Kept<T> _state;
    private Kept<T> _next;
    private double _t;
    private double _h;

    /// <exception cref="NeuralOdeException">f(t0, z0) is not finite.</exception>
    public AlfStepper(Evaluator<T> f, double eta, double t0, ReadOnlySpan<T> z0) : base(f)
    {
        _eta = eta;
        _u = new T[z0.Length];
        _state = new(z0.ToArray(), new T[z0.Length]);
        _next = new(new T[z0.Length], new T[z0.Length]);
        f.Evaluate(t0, z0, _state.V);
        RequireFinite(_state.V, "f(t0, z0)", t0);
    }

    public override int ErrorOrder => 2;

    public override Kept<T> State => _state;

    public override double StartTime => _t;

    public override double FirstLength(double t, double direction, double rtol, double atol, double span)
    {
        var (z, v) = _state;
        return FirstStep.Guess(Spans.ScaledNorm<T>(z, [], 1, z, z, rtol, atol), Spans.ScaledNorm<T>(v, [], 1, z, z, rtol, atol), span);
    }

    public override void Attempt(double t, double h)
    {
        (_t, _h) = (t, h);
        AlfStep.Head<T>(_state.Z, _state.V, _next.Z, h);
        F.Evaluate(t + (h / 2), _next.Z, _u);
        AlfStep.Tail<T>(_next.Z, _state.V, _u, _next.Z, _next.V, h, _eta);
    }

    // An infinite z would scale its own error away; an infinite v' makes z' so.
    public override double Error(double rtol, double atol) => !Spans.AllFinite<T>(_next.Z) ? double.PositiveInfinity
        : Spans.ScaledNorm<T>(_u, _state.V, _h, _state.Z, _next.Z, rtol, atol);

    public override void RequireAcceptable()
    {
        if (Spans.AllFinite<T>(_next.Z)) return;
        RequireFinite(_u, "f(t, z)", _t + (_h / 2));
        RequireFinite(_next.Z, "the state", _t + (_h / 2));
    }

    public override void Accept() => (_state, _next) = (_next, _state);
}
