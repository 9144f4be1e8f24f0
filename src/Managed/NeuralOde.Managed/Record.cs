using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>What a forward sweep leaves for a reverse sweep.</summary>
internal sealed record Record<T>(SolverOptions Options, Landings Landings, Grid Grid) where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>z0, with no v.</summary>
    public required Kept<T> Start { get; init; }

    /// <summary>The state at t1.</summary>
    public Kept<T> End { get; set; }

    /// <summary>States by the number of the step that they are before; never z0.</summary>
    public Dictionary<int, Kept<T>> Kept { get; } = [];
}
