using System.Numerics;
using System.Numerics.Tensors;

namespace NeuralOde.Managed;

/// <summary>Cotangents on their way back through the steps of a solve.</summary>
internal abstract class ReverseSweep<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[] _cotangents;
    private int _segment;

    /// <param name="dynamics">f, with the parameters of the forward sweep.</param>
    /// <param name="record">What the forward sweep left.</param>
    /// <param name="cotangents">Of the states given out: (outputs, state).</param>
    protected ReverseSweep(IManagedDynamics<T> dynamics, Record<T> record, ReadOnlySpan<T> cotangents)
    {
        Record = record;
        F = new(dynamics, record.Start.Z.Length);
        _cotangents = cotangents.ToArray();
        _segment = record.Landings.Times.Count;
        StateCotangent = new T[record.Start.Z.Length];
        ParameterCotangents = [.. dynamics.Parameters.Select(parameter => new T[parameter.Length])];
        Times = new double[record.Landings.Times.Count + 1];
    }

    /// <summary>The figures of this sweep alone.</summary>
    public virtual SolverStatistics Statistics => new() { NfeBackward = F.Count, ReconstructionError = double.NaN };

    protected Record<T> Record { get; }

    protected Evaluator<T> F { get; }

    /// <summary>a_z of the state that the sweep stands at.</summary>
    protected T[] StateCotangent { get; private set; }

    protected T[][] ParameterCotangents { get; private set; }

    /// <summary>dL/d(t0, landing 0, landing 1, ...).</summary>
    protected double[] Times { get; private set; }

    /// <summary>All gradients.</summary>
    public ManagedGradients<T> Run()
    {
        var steps = Record.Grid.Steps;
        if (steps.Count == 0) AddOutputs(Record.Landings.Times.Count - 1);   // t1 == t0
        Undo(steps.Count);
        AddOutputs(-1);
        var asked = Record.Landings.AsksForTimes ? Record.Landings.Outputs : [];
        return new(StateCotangent, ParameterCotangents, Times[0], Times[^1],
            [.. asked.Select(landing => landing < 0 || landing == Times.Length - 2 ? 0 : Times[landing + 1])]);
    }

    /// <summary>Back from the state after the last of <paramref name="steps"/> steps to z0.</summary>
    protected abstract void Undo(int steps);

    /// <summary>The pullback of one step.</summary>
    protected abstract TimeCotangents Differentiate(int number, in GridStep step);

    /// <summary>Back through one step, with the cotangents of the state that was given out after it. Derivatives to time as in docs/method.md:
    /// every step but the last before a landing keeps its length.</summary>
    protected void UndoStep(int number)
    {
        var step = Record.Grid.Steps[number];
        if (step.Landing >= 0) AddOutputs(_segment = step.Landing);
        var (start, length) = Differentiate(number, step);
        Times[_segment] += start;
        if (step.Landing < 0) return;
        Times[_segment] -= length;
        Times[_segment + 1] += length;
    }

    /// <summary>Where the sweep stands, to come back to.</summary>
    protected Mark Save() => new([.. StateCotangent], [.. ParameterCotangents.Select(a => a.ToArray())], [.. Times], _segment);

    protected void Restore(Mark mark) => (StateCotangent, ParameterCotangents, Times, _segment) = mark;

    private void AddOutputs(int landing)
    {
        var length = StateCotangent.Length;
        for (var row = 0; row < Record.Landings.Outputs.Count; row++)
        {
            if (Record.Landings.Outputs[row] == landing) TensorPrimitives.Add(StateCotangent, _cotangents.AsSpan(row * length, length), StateCotangent);
        }
    }

    protected sealed record Mark(T[] StateCotangent, T[][] ParameterCotangents, double[] Times, int Segment);
}
