using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>The dynamics f(t, z) of an ODE dz/dt = f(t, z), with a hand-written pullback. A state is one run of numbers; its shape is the
/// dynamics' own matter.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IManagedDynamics<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>What gradients are taken of besides z0 and the times; the arrays themselves, which an optimiser may change between solves, but
    /// nobody between a solve and its backward.</summary>
    IReadOnlyList<T[]> Parameters { get; }

    /// <summary>How many numbers <see cref="Evaluate"/> leaves on its tape for a state of this length.</summary>
    /// <exception cref="ArgumentException">No state of these dynamics has that length.</exception>
    int TapeLength(int stateLength);

    /// <summary>u = f(t, z).</summary>
    /// <param name="t">The time.</param>
    /// <param name="z">The state.</param>
    /// <param name="u">As long as z; every element is written.</param>
    /// <param name="tape">What <see cref="Pullback"/> at the same t and z needs; <see cref="TapeLength"/> numbers.</param>
    void Evaluate(T t, ReadOnlySpan<T> z, Span<T> u, Span<T> tape);

    /// <summary>The pullback of f at (t, z): a_z = (df/dz)^T a_u, and a_theta += (df/dtheta)^T a_u for each parameter.</summary>
    /// <param name="t">The time of <see cref="Evaluate"/>.</param>
    /// <param name="z">Its state.</param>
    /// <param name="tape">What it left.</param>
    /// <param name="cotangent">a_u: the cotangent of u, as long as z.</param>
    /// <param name="stateCotangent">a_z, as long as z; every element is written.</param>
    /// <param name="parameterCotangents">a_theta, shaped as <see cref="Parameters"/>; added to.</param>
    /// <returns>a_t = (df/dt)^T a_u; 0 where f does not depend on t.</returns>
    T Pullback(
        T t, ReadOnlySpan<T> z, ReadOnlySpan<T> tape, ReadOnlySpan<T> cotangent, Span<T> stateCotangent, IReadOnlyList<T[]> parameterCotangents);
}
