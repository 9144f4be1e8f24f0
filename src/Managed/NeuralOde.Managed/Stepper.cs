using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>One method of stepping in a forward sweep, holding its state.</summary>
internal abstract class Stepper<T>(Evaluator<T> f) where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Order of <see cref="Error"/> in h.</summary>
    public abstract int ErrorOrder { get; }

    /// <summary>The state at the end of the last accepted step.</summary>
    public abstract Kept<T> State { get; }

    /// <summary>Where f was evaluated at the tried step's start.</summary>
    public abstract double StartTime { get; }

    protected Evaluator<T> F => f;

    /// <summary>First length to try, from the state at t0 = t.</summary>
    public abstract double FirstLength(double t, double direction, double rtol, double atol, double span);

    /// <summary>Tries a step of signed length h from the state at t.</summary>
    public abstract void Attempt(double t, double h);

    /// <summary>Scaled norm of the tried step's error estimate; at most 1 is acceptable, infinite where it is not finite.</summary>
    public abstract double Error(double rtol, double atol);

    /// <exception cref="NeuralOdeException">The tried step can never be accepted: <see cref="Status.NonFinite"/>.</exception>
    public abstract void RequireAcceptable();

    /// <summary>The tried step becomes the state.</summary>
    public abstract void Accept();

    protected static void RequireFinite(ReadOnlySpan<T> values, string what, double t)
    {
        if (!Spans.AllFinite(values))
        {
            throw new NeuralOdeException(Status.NonFinite, $"{what} is infinite or NaN at t = {t}; use shorter steps or adaptive ones, or check f there");
        }
    }
}
