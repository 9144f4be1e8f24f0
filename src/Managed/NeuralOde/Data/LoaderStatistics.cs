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

    /// <summary>Time that the device had nothing to do because a batch was not there: on the CPU what handing out batches took; on a GPU from
    /// the end of the work before to the arrival of the batch, measured by events, as far as they have passed.</summary>
    public required double SecondsStalled { get; init; }
}
