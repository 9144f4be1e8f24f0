using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Solves dz/dt = f(t, z), differentiably: with respect to z0, f's parameters, and the times where they are tensors.</summary>
public sealed unsafe class OdeSolver
{
    private readonly neuralode_solve_options _native;

    /// <summary>A solver with these options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public OdeSolver(SolverOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        _native = options.ToNative();
    }

    /// <summary>How it solves.</summary>
    public SolverOptions Options { get; }

    /// <summary>Solves from <paramref name="t0"/> to <paramref name="t1"/>; t1 below t0 integrates backward in time.</summary>
    /// <param name="f">The dynamics.</param>
    /// <param name="z0">The state at t0, floating point.</param>
    /// <param name="t0">The first time, finite.</param>
    /// <param name="t1">The last time, finite.</param>
    /// <param name="tEval">Null, or the times from t0 towards t1 at which the state is wanted.</param>
    /// <param name="observer">Null, or what watches the solve: callbacks, cancellation, an event that ends it.</param>
    /// <exception cref="NeuralOdeException">The status tells the reason: a step size too small, too many steps, a state not finite, ... These
    /// are in <see cref="Solution.Status"/> instead with <see cref="FailureMode.Value"/>.</exception>
    /// <exception cref="OperationCanceledException"><see cref="SolveObserver.Cancellation"/> was cancelled; a status instead, as above. A backward
    /// is not cancelled.</exception>
    public Solution Solve(Dynamics f, Tensor z0, double t0, double t1, IReadOnlyList<double>? tEval = null, SolveObserver? observer = null) =>
        Solve(f, [z0], t0, t1, tEval, observer);

    /// <summary>As <see cref="Solve(Dynamics, Tensor, double, double, IReadOnlyList{double}?, SolveObserver?)"/> for a tuple of states.</summary>
    /// <param name="f">The dynamics.</param>
    /// <param name="z0">The states at t0, of one floating-point type.</param>
    /// <param name="t0">The first time, finite.</param>
    /// <param name="t1">The last time, finite.</param>
    /// <param name="tEval">Null, or the times from t0 towards t1 at which the state is wanted.</param>
    /// <param name="observer">Null, or what watches the solve: callbacks, cancellation, an event that ends it.</param>
    public Solution Solve(
        Dynamics f, IReadOnlyList<Tensor> z0, double t0, double t1, IReadOnlyList<double>? tEval = null, SolveObserver? observer = null)
    {
        RequireFinite(t0, nameof(t0));
        RequireFinite(t1, nameof(t1));
        foreach (var time in tEval ?? []) RequireFinite(time, nameof(tEval));
        using var times = new TensorScope();
        return Solve(f, z0, Tensor.Scalar(t0), Tensor.Scalar(t1), tEval is null ? null : Tensor.FromArray<double>(tEval.ToArray()), observer);
    }

    /// <summary>Solves between times that are tensors, which receive gradients when they require them.</summary>
    /// <param name="f">The dynamics.</param>
    /// <param name="z0">The state at t0, floating point.</param>
    /// <param name="t0">Without dimensions, on the CPU; Float64 keeps its value exactly.</param>
    /// <param name="t1">Without dimensions, on the CPU; Float64 keeps its value exactly.</param>
    /// <param name="tEval">Null, or (times,) from t0 towards t1, on the CPU.</param>
    /// <param name="observer">Null, or what watches the solve: callbacks, cancellation, an event that ends it.</param>
    /// <remarks>Derivatives to times are those of the discrete solution: every step but the last before a landing time keeps its length.</remarks>
    public Solution Solve(Dynamics f, Tensor z0, Tensor t0, Tensor t1, Tensor? tEval = null, SolveObserver? observer = null) =>
        Solve(f, [z0], t0, t1, tEval, observer);

    /// <summary>As <see cref="Solve(Dynamics, Tensor, Tensor, Tensor, Tensor?, SolveObserver?)"/> for a tuple of states.</summary>
    /// <param name="f">The dynamics.</param>
    /// <param name="z0">The states at t0, of one floating-point type.</param>
    /// <param name="t0">Without dimensions, on the CPU.</param>
    /// <param name="t1">Without dimensions, on the CPU.</param>
    /// <param name="tEval">Null, or (times,) from t0 towards t1, on the CPU.</param>
    /// <param name="observer">Null, or what watches the solve: callbacks, cancellation, an event that ends it.</param>
    public Solution Solve(
        Dynamics f, IReadOnlyList<Tensor> z0, Tensor t0, Tensor t1, Tensor? tEval = null, SolveObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(f);
        ArgumentNullException.ThrowIfNull(z0);
        ArgumentNullException.ThrowIfNull(t0);
        ArgumentNullException.ThrowIfNull(t1);
        foreach (var state in z0) ArgumentNullException.ThrowIfNull(state, nameof(z0));
        using var watching = observer is null ? null : ObserverCallback.Create(observer);
        if (observer is { Cancellation.IsCancellationRequested: true })
        {
            if (Options.Failure == FailureMode.Exception) observer.Cancellation.ThrowIfCancellationRequested();
            return new Solution(z0, t0, tEval);
        }

        using var dynamics = f.Handle.Lend();
        using var states = new TensorLeases(z0);
        using var start = t0.Handle.Lend();
        using var end = t1.Handle.Lend();
        using var times = new Lease(tEval?.Handle);
        using var watcher = new Lease(watching);
        var options = _native;
        fixed (nint* statesPointer = states.Pointers)
        {
            nint solution;
            var status = watching is null
                ? NativeMethods.neuralode_solve(
                    dynamics.Pointer, statesPointer, z0.Count, start.Pointer, end.Pointer, times.Pointer, &options, out solution)
                : NativeMethods.neuralode_solve_observed(
                    dynamics.Pointer, statesPointer, z0.Count, start.Pointer, end.Pointer, times.Pointer, &options, watcher.Pointer, out solution);
            if (status == (int)Status.Cancelled) observer!.Cancellation.ThrowIfCancellationRequested();
            NativeCall.Check(status);
            return new Solution(solution, z0.Count);
        }
    }

    private static void RequireFinite(double time, string name)
    {
        if (!double.IsFinite(time)) throw new ArgumentOutOfRangeException(name, time, $"{name}: {time} is not a finite time.");
    }
}
