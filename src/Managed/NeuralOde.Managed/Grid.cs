namespace NeuralOde.Managed;

/// <summary>The steps of a solve.</summary>
internal sealed class Grid
{
    public List<GridStep> Steps { get; } = [];

    public long Rejected { get; set; }
}
