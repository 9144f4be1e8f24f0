using System.Text.Json.Serialization;

namespace NeuralOde;

/// <summary>What a run reports.</summary>
public enum TrainingEvent
{
    /// <summary>Some steps are done.</summary>
    Steps,

    /// <summary>An epoch has ended, and was evaluated if it was its turn.</summary>
    Epoch,
}

/// <summary>A report of a run. It is also a line of the run folder's log.jsonl.</summary>
public sealed record TrainingProgress
{
    /// <summary>What happened.</summary>
    public required TrainingEvent Event { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required long Step { get; init; }

    /// <summary>Optimiser steps planned; null while a run that is bounded by time measures its speed.</summary>
    public long? PlannedSteps { get; init; }

    /// <summary>The epoch, from 1.</summary>
    public required long Epoch { get; init; }

    /// <summary>Share of the run that is done, in [0, 1].</summary>
    public required double Progress { get; init; }

    /// <summary>Mean loss: of the steps since the last report, or of the epoch's steps.</summary>
    public required double Loss { get; init; }

    /// <summary>Share of the training images classified correctly while they were learned from: since the last report, or in the epoch.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The learning rate of the last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Training images a second: since the last report, or in the epoch, evaluations not counted.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Share of the steps' time that was spent waiting for batches: since the last report, or in the epoch.</summary>
    public double DataWaitShare { get; init; }

    /// <summary>Seconds since the start of the run, over all its sessions.</summary>
    public required double Seconds { get; init; }

    /// <summary>Share of the test images classified correctly; null where no evaluation took place.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Mean loss on the test images; null where no evaluation took place.</summary>
    public double? TestLoss { get; init; }

    /// <summary>The worst <see cref="SolverStatistics.ReconstructionError"/> of the training steps: since the last report, or in the epoch;
    /// null where no reverse sweep measured one. Not finite where a state was lost altogether.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
    public double? ReconstructionError { get; init; }

    /// <summary>Snapshots that the blocks' solves kept, added up over the training steps: since the last report, or in the epoch.</summary>
    public long Snapshots { get; init; }

    /// <summary>Solver steps that reverse sweeps made again because they had drifted, added up as <see cref="Snapshots"/>.</summary>
    public long StepsReplayed { get; init; }

    /// <summary>Null when all is well; at most once an epoch what is wrong, what it means and what to do.</summary>
    public string? Warning { get; init; }
}
