using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>What a managed solve gave, and what its gradients need: with <see cref="GradientMethod.Mali"/> the end state and the snapshots, with
/// <see cref="GradientMethod.Pnode"/> and <see cref="GradientMethod.Aca"/> every state between the steps.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ManagedSolution<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly IManagedDynamics<T> _dynamics;
    private readonly Record<T> _record;
    private readonly T[] _states;
    private readonly long _nfe;
    private SolverStatistics? _backward;

    internal ManagedSolution(IManagedDynamics<T> dynamics, Record<T> record, T[] states, long nfe)
    {
        (_dynamics, _record, _states, _nfe) = (dynamics, record, states, nfe);
        var steps = record.Grid.Steps;
        Times = [record.Landings.Start, .. steps.Skip(1).Select(step => step.Time), .. steps.Count > 0 ? record.Landings.Times[^1..] : []];
    }

    /// <summary>The state at t1, as long as z0; with times asked for (times, state), row-major.</summary>
    public ReadOnlySpan<T> States => _states;

    /// <summary>The times between the steps that were kept: t0, ..., t1; (StepsAccepted + 1,).</summary>
    public IReadOnlyList<double> Times { get; }

    /// <summary>What the solver did: the backward figures are there once a backward has run.</summary>
    public SolverStatistics Statistics => (_backward ?? new()
    {
        Snapshots = _record.Kept.Count,
        SnapshotBytes = _record.Kept.Values.Sum(state => state.Bytes),
        ReconstructionError = double.NaN,
    }) with { StepsAccepted = _record.Grid.Steps.Count, StepsRejected = _record.Grid.Rejected, NfeForward = _nfe };

    /// <summary>Gradients of the loss whose cotangent of <see cref="States"/> this is. May be called again; the parameters must be as they were
    /// in the solve, which is not checked.</summary>
    /// <param name="cotangent">dL/dStates, as long as <see cref="States"/>.</param>
    /// <exception cref="ArgumentException">The cotangent has another length.</exception>
    /// <exception cref="InvalidOperationException">The solve was made with <see cref="GradientMethod.None"/>.</exception>
    /// <exception cref="NeuralOdeException"><see cref="Status.Drift"/>: what MALI reconstructed is further from the known states than
    /// <see cref="SolverOptions.DriftTolerance"/>.</exception>
    public ManagedGradients<T> Backward(ReadOnlySpan<T> cotangent)
    {
        if (cotangent.Length != _states.Length)
        {
            throw new ArgumentException(
                $"cotangent: {cotangent.Length} numbers are not as many as the states' {_states.Length}; give one for each.", nameof(cotangent));
        }

        if (_record.Options.Gradient == GradientMethod.None)
        {
            throw new InvalidOperationException("Gradient: None kept nothing for a backward; solve with another GradientMethod.");
        }

        ReverseSweep<T> sweep = _record.Options.Solver == SolverKind.Alf
            ? new AlfReverse<T>(_dynamics, _record, cotangent)
            : new Dopri5Reverse<T>(_dynamics, _record, cotangent);
        try
        {
            return sweep.Run();
        }
        finally
        {
            _backward = sweep.Statistics;
        }
    }
}
