using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>f for one sweep, counted; t is rounded to the state's type, as in the native library.</summary>
internal sealed class Evaluator<T>(IManagedDynamics<T> dynamics, int length) where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[] _scratch = new T[dynamics.TapeLength(length)];

    /// <summary>Evaluations made.</summary>
    public long Count { get; private set; }

    public T[] NewTape() => new T[_scratch.Length];

    /// <summary>u = f(t, z).</summary>
    public void Evaluate(double t, ReadOnlySpan<T> z, Span<T> u) => Evaluate(t, z, u, _scratch);

    /// <summary>The same, for a pullback.</summary>
    public void Evaluate(double t, ReadOnlySpan<T> z, Span<T> u, Span<T> tape)
    {
        dynamics.Evaluate(T.CreateChecked(t), z, u, tape);
        Count++;
    }

    /// <summary>u = f(t, z) of a step that is made again, which is counted as such and not here.</summary>
    public void Replay(double t, ReadOnlySpan<T> z, Span<T> u) => dynamics.Evaluate(T.CreateChecked(t), z, u, _scratch);

    /// <summary>As <see cref="IManagedDynamics{T}.Pullback"/>; returns a_t.</summary>
    public double Pullback(
        double t, ReadOnlySpan<T> z, ReadOnlySpan<T> tape, ReadOnlySpan<T> cotangent, Span<T> stateCotangent, IReadOnlyList<T[]> parameterCotangents) =>
        double.CreateChecked(dynamics.Pullback(T.CreateChecked(t), z, tape, cotangent, stateCotangent, parameterCotangents));
}
