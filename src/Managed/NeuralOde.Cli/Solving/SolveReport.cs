namespace NeuralOde.Cli.Solving;

/// <summary>What a solve cost: seconds are medians, bytes are the most alive in a sweep above those alive before the solve.</summary>
internal sealed record SolveReport(
    SolverStatistics Statistics, double SecondsForward, double SecondsBackward, long PeakBytesForward, long PeakBytesBackward);
