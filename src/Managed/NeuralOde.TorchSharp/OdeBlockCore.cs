using TorchSharp;
using static TorchSharp.torch.nn;

namespace NeuralOde.TorchSharp;

/// <summary>What the blocks share: dynamics that follow their module's parameters, and the last solve.</summary>
internal sealed class OdeBlockCore(Module f, Func<Dynamics> makeDynamics, SolverOptions options, double t0, double t1) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly OdeSolver _solver = new(options);
    private readonly double _t0 = Finite(t0, nameof(t0));
    private readonly double _t1 = Finite(t1, nameof(t1));
    private Dynamics? _dynamics;
    private ModuleTensors? _tensors;   // those of _dynamics
    private Solution? _last;
    private NeuralOdeException? _failure;   // of the last solve, where it gave no solution

    public SolverOptions Options => _solver.Options;

    public SolverStatistics Statistics => _last?.Statistics ?? new SolverStatistics();

    public Status Status => _failure?.Status ?? _last?.Status ?? Status.Ok;

    public string Message => _failure?.Message ?? _last?.Message ?? "";

    /// <summary>The states at t1, in the current DisposeScope.</summary>
    public torch.Tensor[] Solve(IReadOnlyList<torch.Tensor> z)
    {
        TorchLibrary.EnsureMatch();
        Publish(null, null);   // before the solve: the snapshots of the last one must not stay beside the next ones
        using var scope = new TensorScope();
        try
        {
            var solution = _solver.Solve(CurrentDynamics(), [.. z.Select(TorchSharpTensors.ToNeuralOde)], _t0, _t1);
            // From the local, not the field: another thread may call the block too, and then has the last word on Statistics.
            var (status, message, _) = solution.Outcome();
            var states = status == Status.Ok ? solution.States.Select(TorchSharpTensors.ToTorchSharp).ToArray() : [];
            Publish(solution, null);
            return status == Status.Ok ? states : throw new NeuralOdeException(status, message);
        }
        catch (NeuralOdeException exception) when (_last is null)
        {
            Publish(null, exception);
            throw;
        }
    }

    public void Dispose()
    {
        _last?.Dispose();
        _dynamics?.Dispose();
        _tensors?.Dispose();
    }

    private void Publish(Solution? solution, NeuralOdeException? failure)
    {
        _failure = failure;
        Interlocked.Exchange(ref _last, solution)?.Dispose();
    }

    /// <summary>The same dynamics while the module keeps its tensors, for they remember how fast the reversal drifts; new ones after <c>to()</c>.</summary>
    private Dynamics CurrentDynamics()
    {
        using var held = _gate.EnterScope();
        var tensors = ModuleTensors.Of(f);
        if (_dynamics is not null && _tensors!.SameAs(tensors))
        {
            tensors.Dispose();
            return _dynamics;
        }

        _dynamics?.Dispose();
        _tensors?.Dispose();
        (_dynamics, _tensors) = (null, tensors);
        return _dynamics = makeDynamics();
    }

    private static double Finite(double time, string name) =>
        double.IsFinite(time) ? time : throw new ArgumentOutOfRangeException(name, time, $"{name}: {time} is not a finite time.");
}
