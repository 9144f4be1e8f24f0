using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>What a solve gave. Disposing it disposes its tensors; graphs computed from them live on.</summary>
public sealed unsafe class Solution : IDisposable
{
    private readonly SolutionHandle? _handle;   // null: the solve was cancelled before it began
    private readonly double _start;
    private readonly Tensor[] _states;
    private readonly Tensor? _eventTime;

    internal Solution(nint pointer, int count)
    {
        _handle = new SolutionHandle(pointer);
        _states = new Tensor[count];
        try
        {
            for (var i = 0; i < count; i++)
            {
                NativeCall.Check(NativeMethods.neuralode_solution_state(pointer, i, out var state));
                _states[i] = Tensor.OwnUnscoped(state);
            }

            NativeCall.Check(NativeMethods.neuralode_solution_event(pointer, out _, out var time));
            if (time != 0) _eventTime = Tensor.OwnUnscoped(time);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Of a solve that was cancelled before it began: z0 at t0, NaN at other times asked for.</summary>
    internal Solution(IReadOnlyList<Tensor> z0, Tensor t0, Tensor? tEval)
    {
        using var scope = new TensorScope();
        using var noGrad = Autograd.NoGrad();
        _start = t0.ToDouble();
        var times = tEval?.To(DType.Float64).ToArray<double>();
        _states = [.. z0.Select(z => (times is null ? z.Detach().Clone() : Tensor.Stack(times.Select(time => time == _start ? z : z * double.NaN))).DetachFromScope())];
    }

    /// <summary>The first (or only) state: z0's shape at t1, or (times, *shape) at the times asked for. Of a failed solve: at
    /// <see cref="ReachedTime"/>, and NaN at times asked for that it did not reach; it requires no gradient then.</summary>
    public Tensor State => _states[0];

    /// <summary>All states, in the order of z0.</summary>
    public IReadOnlyList<Tensor> States => _states;

    /// <summary>The time at which <see cref="SolveObserver.Event"/> ended the solve, without dimensions, in Float64, with a gradient where the states
    /// have one; null where it did not. Disposed with the solution.</summary>
    public Tensor? EventTime => _eventTime;

    /// <summary>How it went up to now: <see cref="Status.Ok"/> or, with <see cref="FailureMode.Value"/>, what failed; <see cref="Status.Drift"/>
    /// once a backward has drifted too far.</summary>
    public Status Status => Outcome().Status;

    /// <summary>What happened and what to do; "" when there is nothing to say.</summary>
    public string Message => Outcome().Message;

    /// <summary>The time of the states: t1 unless the solve failed or an event ended it; with <see cref="SolverOptions.PerSample"/> the time that
    /// every sample has reached.</summary>
    public double ReachedTime => Outcome().ReachedTime;

    /// <summary>Of the CUDA graphs of the forward and the reverse sweep: "replayed", "recorded" (in this solve, and replayed), or why there was
    /// none; "" for the reverse sweep before a backward.</summary>
    public (string Forward, string Backward) Graphs
    {
        get
        {
            if (_handle is null) return ("", "");
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_solution_graphs(self.Pointer, out var forward, out var backward));
            return (NativeCall.Text(forward), NativeCall.Text(backward));
        }
    }

    /// <summary>What the solver did up to now: the backward figures are there once a backward has run.</summary>
    public SolverStatistics Statistics
    {
        get
        {
            if (_handle is null) return new() { ReconstructionError = double.NaN };
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_solution_statistics(self.Pointer, (uint)sizeof(neuralode_statistics), out var statistics));
            return SolverStatistics.From(statistics);
        }
    }

    /// <summary>The times between the steps that were kept: (StepsAccepted + 1,) in Float64, a new tensor at each call. With
    /// <see cref="SolverOptions.PerSample"/> (rounds + 1, batch): where each sample stood before each round in which one of them made a step, and at
    /// the end; the time of a sample that waited, or whose trial was rejected, is there again.</summary>
    public Tensor Times
    {
        get
        {
            if (_handle is null) return Tensor.FromArray([_start], 1);
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_solution_times(self.Pointer, out var times));
            return Tensor.Own(times);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var state in _states) state?.Dispose();
        _eventTime?.Dispose();
        _handle?.Dispose();
    }

    /// <summary>Status, message and time together, as the library has them now.</summary>
    internal (Status Status, string Message, double ReachedTime) Outcome()
    {
        if (_handle is null) return (Status.Cancelled, "cancelled before the first step; solve again with a token that is not", _start);
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_solution_status(self.Pointer, out var status, out var text, out var reached));
        return ((Status)status, NativeCall.Text(text), reached);
    }

    /// <summary>The first state as a tensor of its own, in the current scope.</summary>
    internal Tensor ShareState() => Tensor.Own(State.ShareHandle());
}
