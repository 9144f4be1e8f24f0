namespace NeuralOde;

/// <summary>Where a run is: the text that travels in every checkpoint beside weights, optimiser and generator.</summary>
internal sealed record TrainingPosition
{
    /// <summary>Version of this record's meaning.</summary>
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;

    /// <summary>The current epoch, from 0, and its batches that are done.</summary>
    public long Epoch { get; init; }

    public long Batch { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public long Step { get; init; }

    public TrainingPlan? Plan { get; init; }

    /// <summary>Bounds that <see cref="Plan"/> was made for.</summary>
    public long? Epochs { get; init; }

    public long? MaxSteps { get; init; }

    public TimeSpan? MaxTime { get; init; }

    /// <summary>Training images of the folder; another number means another folder.</summary>
    public long TrainImages { get; init; }

    /// <summary>Seconds over all sessions, and the part of them that training steps took.</summary>
    public double Seconds { get; init; }

    public double TrainingSeconds { get; init; }

    /// <summary>The part of those that was spent waiting for batches, and of the current epoch's.</summary>
    public double DataWaitSeconds { get; init; }

    public double EpochDataWaitSeconds { get; init; }

    /// <summary>Images learned from in the run; with loss and hits of the current epoch.</summary>
    public long Images { get; init; }

    public long EpochImages { get; init; }

    /// <summary>Images of the epoch whose loss was a number, which is all but those that overflowed under a gradient scaler; null before there was one.</summary>
    public long? EpochLossImages { get; init; }

    public double EpochLoss { get; init; }

    public long EpochHits { get; init; }

    public double EpochSeconds { get; init; }

    /// <summary>What the reverse sweeps of the current epoch measured, null where none has run; and whether a warning of it was given.</summary>
    public DriftMeter? EpochDrift { get; init; }

    public bool EpochWarned { get; init; }

    /// <summary>Steps that changed nothing because a scaled gradient overflowed.</summary>
    public long SkippedSteps { get; init; }

    public long NfeForward { get; init; }

    public long NfeBackward { get; init; }

    public long PeakBytes { get; init; }

    /// <summary>The last evaluation, and the step after which it took place.</summary>
    public double? TestAccuracy { get; init; }

    public double? TestLoss { get; init; }

    public long EvaluatedStep { get; init; } = -1;

    public bool HasBoundsOf(TrainerOptions options) =>
        (Epochs, MaxSteps, MaxTime) == (options.Epochs, options.MaxSteps, options.MaxTime);
}
