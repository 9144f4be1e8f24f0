namespace NeuralOde;

/// <summary>A step that a solver has accepted, as <see cref="SolveObserver.OnStep"/> sees it.</summary>
public sealed class SolveStep
{
    internal SolveStep(long number, double time, double stepSize, IReadOnlyList<Tensor> states)
    {
        Number = number;
        Time = time;
        StepSize = stepSize;
        States = states;
    }

    /// <summary>1, 2, ...</summary>
    public long Number { get; }

    /// <summary>Where it ended.</summary>
    public double Time { get; }

    /// <summary>Its length, below 0 backward in time.</summary>
    public double StepSize { get; }

    /// <summary>The first (or only) state where it ended; valid until the callback returns, not to be changed.</summary>
    public Tensor State => States[0];

    /// <summary>All states where it ended, in the order of z0; valid until the callback returns, not to be changed.</summary>
    public IReadOnlyList<Tensor> States { get; }

    internal bool Stopped { get; private set; }

    /// <summary>Ends the solve here with <see cref="Status.Cancelled"/>.</summary>
    public void Stop() => Stopped = true;
}
