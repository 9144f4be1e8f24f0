namespace NeuralOde.Cli.Solving;

/// <summary>What a solve cost and how it went: seconds are medians, bytes are the most alive in a sweep above those alive before the solve.</summary>
/// <param name="Status">Ok, or why the forward or the reverse sweep failed.</param>
/// <param name="Message">What there is to say about it, with the remedy and what was written all the same; else "".</param>
/// <param name="Graphs">As <see cref="Solution.Graphs"/>.</param>
/// <param name="Reached">The time of the output: t1 unless the forward sweep failed.</param>
internal sealed record SolveReport(
    SolverStatistics Statistics, double SecondsForward, double SecondsBackward, long PeakBytesForward, long PeakBytesBackward,
    Status Status, string Message, double Reached, (string Forward, string Backward) Graphs)
{
    public bool Failed => Status != Status.Ok;
}
