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

    /// <summary>The state at t1 for state <paramref name="z"/> at t0, of the same shape.</summary>
    public Tensor Forward(Tensor z)
    {
        var solution = _solver.Solve(_dynamics, z, _t0, _t1);
        _last?.Dispose();
        _last = solution;
        return solution.ShareState();
    }

    /// <inheritdoc/>
    public void Dispose() => _last?.Dispose();
}
