namespace NeuralOde;

/// <summary>A layer that maps a state at t0 to the state at t1. Does not own its dynamics.</summary>
public sealed class OdeBlock : IDisposable
{
    private readonly Dynamics _dynamics;
    private readonly OdeSolver _solver;
    private readonly double _t0;
    private readonly double _t1;
    private Solution? _last;

    /// <summary>A block over [t0, t1].</summary>
    /// <param name="f">The dynamics; the caller disposes them.</param>
    /// <param name="options">How they are solved.</param>
    /// <param name="t0">The first time.</param>
    /// <param name="t1">The last time.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public OdeBlock(Dynamics f, SolverOptions options, double t0 = 0, double t1 = 1)
    {
        ArgumentNullException.ThrowIfNull(f);
        _dynamics = f;
        _solver = new OdeSolver(options);
        (_t0, _t1) = (t0, t1);
    }

    /// <summary>The dynamics' parameters by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _dynamics.Parameters;

    /// <summary>What the solver did in the last <see cref="Forward"/> and its backward; zeros before the first.</summary>
    public SolverStatistics LastStatistics => _last?.Statistics ?? new SolverStatistics();

    /// <summary>How the last <see cref="Forward"/> and its backward went, with <see cref="FailureMode.Value"/>: <see cref="Status.Drift"/> where
    /// the backward drifted too far. <see cref="Status.Ok"/> before the first.</summary>
    public Status LastStatus => _last?.Status ?? Status.Ok;

    /// <summary>What happened in the last <see cref="Forward"/> and its backward and what to do; "" when there is nothing to say.</summary>
    public string LastMessage => _last?.Message ?? "";

    /// <summary>The state at t1 for state <paramref name="z"/> at t0, of the same shape.</summary>
    /// <exception cref="NeuralOdeException">The solve did not reach t1: with <see cref="FailureMode.Value"/> too, because a layer has no way to
    /// hand a status on. <see cref="LastStatus"/> and <see cref="LastStatistics"/> tell of the failed solve then.</exception>
    public Tensor Forward(Tensor z)
    {
        _last?.Dispose();  // before the solve: its snapshots must not stay beside the next ones
        _last = null;
        var solution = _solver.Solve(_dynamics, z, _t0, _t1);
        _last = solution;
        var (status, message, _) = solution.Outcome();
        return status == Status.Ok ? solution.ShareState() : throw new NeuralOdeException(status, message);
    }

    /// <inheritdoc/>
    public void Dispose() => _last?.Dispose();
}
