using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace NeuralOde;

/// <summary>Which states of the forward sweep are kept for MALI's reverse sweep, where they replace the reconstructed ones.</summary>
public readonly record struct SnapshotInterval
{
    private const long AutomaticSteps = 0;   // so that the default is automatic
    private const long NoSteps = -1;

    private readonly long _steps;

    private SnapshotInterval(long steps) => _steps = steps;

    /// <summary>As many as keep the drift within <see cref="SolverOptions.DriftTolerance"/>: planned from the growth of rounding in the
    /// inverse, |1 - 2 eta|^-1 a step, and from what was measured; a stretch that drifts all the same is made again from its start. The default.</summary>
    public static SnapshotInterval Automatic => default;

    /// <summary>None: memory does not depend on the number of steps.</summary>
    public static SnapshotInterval None => new(NoSteps);

    /// <summary>Whether it is <see cref="Automatic"/>.</summary>
    public bool IsAutomatic => _steps == AutomaticSteps;

    /// <summary>Whether it is <see cref="None"/>.</summary>
    public bool IsNone => _steps == NoSteps;

    /// <summary>Steps from one snapshot to the next, or null for <see cref="Automatic"/> and <see cref="None"/>.</summary>
    public long? Steps => _steps > 0 ? _steps : null;

    /// <summary>One every <paramref name="steps"/> steps; 1 keeps every state.</summary>
    /// <param name="steps">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is less.</exception>
    public static SnapshotInterval Every(long steps) => steps >= 1 ? new(steps) : throw new ArgumentOutOfRangeException(
        nameof(steps), steps, $"steps: {steps} is not a number of 1 or more; give one, or take SnapshotInterval.None.");

    /// <summary>Reads what <see cref="ToString"/> writes: none, auto, or a number of steps of 1 or more.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static SnapshotInterval Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var interval) ? interval : throw new FormatException(
            $"text: '{text}' is no snapshot interval; write none, auto or a number of steps of 1 or more.");
    }

    /// <summary>As <see cref="Parse"/>; false, and <see cref="Automatic"/>, where the text is something else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SnapshotInterval interval)
    {
        var steps = text switch { "auto" => AutomaticSteps, "none" => NoSteps, _ => Number(text) };
        interval = new(steps ?? AutomaticSteps);
        return steps is not null;
    }

    /// <summary>none, auto or the number of steps.</summary>
    public override string ToString() => IsAutomatic ? "auto" : IsNone ? "none" : _steps.ToString(CultureInfo.InvariantCulture);

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) && steps >= 1 ? steps : null;
}
