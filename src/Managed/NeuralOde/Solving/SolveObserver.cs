namespace NeuralOde;

/// <summary>What watches a solve while it runs: a callback after each step, cancellation, and an event that ends it. Immutable; one may serve many
/// solves. What its functions throw comes out of the solve as itself. It watches the solve, not its backward, and no solve with
/// <see cref="SolverOptions.PerSample"/>, which refuses step callbacks and cancellation as it does events.</summary>
/// <example><code>
/// var ground = new SolveObserver { Event = (t, z) => z.Select(0, 0), EventDirection = EventDirection.Falling };
/// using var solution = solver.Solve(fall, z0, 0, 100, observer: ground);
/// solution.EventTime!.Backward();   // how the time of the impact depends on z0 and on the parameters of fall
/// </code></example>
public sealed record SolveObserver
{
    /// <summary>Called after each accepted step, inside a <see cref="TensorScope"/> of its own.</summary>
    public Action<SolveStep>? OnStep { get; init; }

    /// <summary>Ends the solve after the step during which it is cancelled, or before the first: <see cref="OperationCanceledException"/>, or
    /// <see cref="Status.Cancelled"/> with <see cref="FailureMode.Value"/>. A backward is not cancelled: it runs to its end.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>g(t, z) of one state tensor, without dimensions, made of operations of <see cref="Tensor"/>. The solve ends where it first changes
    /// sign; <see cref="Solution.EventTime"/> is then that time, and the states are those there. The sign is looked at where steps end, so that two
    /// changes in one step are missed; 0 at t0 is no sign.</summary>
    public Func<Tensor, Tensor, Tensor>? Event { get; init; }

    /// <summary><see cref="Event"/> of a tuple of states: (t, [z0, z1, ...]) to g. Only one of the two.</summary>
    public Func<Tensor, IReadOnlyList<Tensor>, Tensor>? EventOfStates { get; init; }

    /// <summary>Which change of sign ends the solve.</summary>
    public EventDirection EventDirection { get; init; }

    /// <summary>g of a list of states; null without an event.</summary>
    internal Func<Tensor, IReadOnlyList<Tensor>, Tensor>? EventFunction =>
        Event is { } single ? (t, z) => single(t, DynamicsCallback.Single(z)) : EventOfStates;

    /// <summary>Whether anything is to be called after steps.</summary>
    internal bool HasSteps => OnStep is not null || Cancellation.CanBeCanceled;

    internal void Validate()
    {
        if (Event is not null && EventOfStates is not null)
        {
            throw new ArgumentException($"{nameof(EventOfStates)}: {nameof(Event)} is set too; set one of them.", nameof(EventOfStates));
        }

        Interop.Require.Member(EventDirection, nameof(EventDirection));
        if (EventFunction is null && EventDirection != EventDirection.Any)
        {
            throw new ArgumentException(
                $"{nameof(EventDirection)}: {EventDirection} is used with an event alone; set {nameof(Event)}, or it to {EventDirection.Any}.",
                nameof(EventDirection));
        }
    }
}
