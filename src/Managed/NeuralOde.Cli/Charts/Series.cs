namespace NeuralOde.Cli.Charts;

/// <summary>A line of a chart.</summary>
internal sealed record Series(string Name, string Color, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Whether each point gets a dot.</summary>
    public bool HasDots { get; init; } = true;
}
