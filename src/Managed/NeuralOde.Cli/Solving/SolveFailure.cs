using System.Globalization;

namespace NeuralOde.Cli.Solving;

/// <summary>What becomes of a solve that failed: whether its output is written, and what is said.</summary>
internal sealed record SolveFailure(Status Status, bool Writes, string Message)
{
    /// <summary>Null where neither <paramref name="solution"/> failed nor, with <paramref name="backwardError"/>, its reverse sweep.</summary>
    public static SolveFailure? Of(Solution solution, NeuralOdeException? backwardError, SolveRequest request)
    {
        if (backwardError is not null)
            return new(backwardError.Status, true, $"{backwardError.Message} (the output is in {request.Out}, without gradients)");
        if (solution.Status == Status.Ok) return null;
        if (solution.Status == Status.Drift)
            return new(solution.Status, true, $"{solution.Message} ({DriftRemedy(request.Options)}; output and these gradients are in {request.Out})");
        var reached = solution.ReachedTime.ToString("g6", CultureInfo.InvariantCulture);
        if (solution.ReachedTime == request.T0) return new(solution.Status, false, $"{solution.Message} (no step was made, so nothing is written)");
        var what = request.TEval is null ? $"the state at t = {reached} is" : $"the states up to t = {reached}, then NaN, are";
        return new(solution.Status, true, $"{solution.Message} ({what} in {request.Out}, without gradients)");
    }

    private static string DriftRemedy(SolverOptions options)
    {
        if (options.Reversal == Reversal.Exact) return "give a larger --drift-tolerance to allow it";
        string[] remedies =
        [
            .. options.SnapshotInterval.IsAutomatic ? (string[])[] : ["--snapshot-interval auto"],
            options.SnapshotInterval.Steps is > 1 and { } steps ? $"a --snapshot-interval below {steps}" : "--snapshot-interval K with a small K",
            .. options.Solver != SolverKind.Alf ? (string[])[] : [options.Eta == 1 ? "--reversal exact" : "--eta 1 with --reversal exact"],
            "a larger --drift-tolerance",
        ];
        return $"give {string.Join(", ", remedies[..^1])} or {remedies[^1]}";
    }
}
