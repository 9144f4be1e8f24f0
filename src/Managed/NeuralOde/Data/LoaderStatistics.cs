namespace NeuralOde;

/// <summary>What a loader did since its creation.</summary>
public sealed record LoaderStatistics
{
    /// <summary>Images decoded.</summary>
    public required long Images { get; init; }

    /// <summary>Broken images skipped.</summary>
    public required long Broken { get; init; }

    /// <summary>Time spent waiting for a batch.</summary>
    public required double SecondsWaiting { get; init; }
}
