namespace NeuralOde.Managed;

/// <summary>The times that steps end on, and which of them are given out.</summary>
internal sealed class Landings
{
    private const int AtStart = -1;

    /// <exception cref="ArgumentException">A time is not finite, or out of order.</exception>
    public Landings(double t0, double t1, IReadOnlyList<double>? tEval)
    {
        RequireFinite(t0, nameof(t0));
        RequireFinite(t1, nameof(t1));
        if (tEval is { Count: 0 }) throw new ArgumentException("tEval: is empty; leave it null to get the state at t1 alone.", nameof(tEval));
        (Start, AsksForTimes) = (t0, tEval is not null);
        var direction = t1 >= t0 ? 1 : -1;
        var previous = t0;
        for (var i = 0; i < (tEval?.Count ?? 0); i++)
        {
            var time = tEval![i];
            RequireFinite(time, nameof(tEval));
            var ordered = i == 0 ? direction * (time - previous) >= 0 : direction * (time - previous) > 0;
            if (!ordered || direction * (t1 - time) < 0)
            {
                throw new ArgumentException($"tEval[{i}]: {time} is out of order; give times from t0 = {t0} towards t1 = {t1}, each once.", nameof(tEval));
            }

            previous = time;
            Outputs.Add(time == t0 ? AtStart : Times.Count);
            if (time != t0) Times.Add(time);
        }

        if (Times.Count == 0 || Times[^1] != t1) Times.Add(t1);
        if (tEval is null) Outputs.Add(Times.Count - 1);
    }

    /// <summary>t0.</summary>
    public double Start { get; }

    /// <summary>Whether states are given out at times of the caller's, not at t1 alone.</summary>
    public bool AsksForTimes { get; }

    /// <summary>In the order of the solve; the last is t1.</summary>
    public List<double> Times { get; } = [];

    /// <summary>Of each state given out: the index of its landing time, -1 for t0.</summary>
    public List<int> Outputs { get; } = [];

    private static void RequireFinite(double time, string name)
    {
        if (!double.IsFinite(time)) throw new ArgumentOutOfRangeException(name, time, $"{name}: {time} is not a finite time.");
    }
}
