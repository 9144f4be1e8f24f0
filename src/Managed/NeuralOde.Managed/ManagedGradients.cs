using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>Gradients of a loss to everything that a solve depends on. Those to time are of the discrete solution: every step but the last
/// before a landing time keeps its length.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ManagedGradients<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    internal ManagedGradients(T[] start, IReadOnlyList<T[]> parameters, double t0, double t1, IReadOnlyList<double> evaluationTimes) =>
        (State, Parameters, T0, T1, EvaluationTimes) = (start, parameters, t0, t1, evaluationTimes);

    /// <summary>dL/dz0, as long as z0.</summary>
    public ReadOnlyMemory<T> State { get; }

    /// <summary>dL/dtheta, shaped as <see cref="IManagedDynamics{T}.Parameters"/>.</summary>
    public IReadOnlyList<T[]> Parameters { get; }

    /// <summary>dL/dt0.</summary>
    public double T0 { get; }

    /// <summary>dL/dt1, with what belongs to a time asked for that is t1.</summary>
    public double T1 { get; }

    /// <summary>dL/d(each time asked for), 0 for one that is t0 or t1.</summary>
    public IReadOnlyList<double> EvaluationTimes { get; }
}
